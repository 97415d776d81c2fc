"""Streamlit's scripts, as the browser needs them for the first page: early, and without a thread for each.

Streamlit's page asks for what draws an element only once it meets one, after the server is ready; and each of these
files would wait for threads that the imports keep waiting.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC = Path(st.__file__).parent / "static"
ELEMENTS = (  # of the first page
    *("BidiComponent", "Button", "ButtonGroup", "Checkbox", "FileUploader", "Html", "NumberInput", "PageLink"),
    *("Selectbox", "Slider", "TextArea"),
)
IMPORTED = re.compile(rb"""(?:from|import)\s*["']\./([\w.-]+\.js)["']""")
KEPT = {"cache-control": "public, immutable, max-age=31536000"}  # as Streamlit has it: a name holds a hash


class Scripts:
    """Answers for these scripts from memory, and lets the page name those that it would ask for late."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def naming(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.append("link", early())
            await send(message)

        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        folder, _, name = scope["path"].rpartition("/")
        if folder.endswith("/static/js") and name in scripts():
            await Response(scripts()[name], headers=KEPT, media_type="text/javascript")(scope, receive, send)
        else:
            await self.app(scope, receive, naming)


@cache
def scripts() -> Mapping[str, bytes]:
    """Those that draw the first page's elements, and all that they import, by name."""
    folder, found = STATIC / "static" / "js", {}
    names = [path.name for element in ELEMENTS for path in folder.glob(f"{element}.*.js")]
    while names:
        name = names.pop()
        if name not in found:
            found[name] = (folder / name).read_bytes()
            names += [imported.decode() for imported in IMPORTED.findall(found[name])]
    return found


@cache
def early() -> str:
    """A Link header for those that the page itself does not name; they come after those that it does."""
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    late = [name for name in scripts() if name not in page]
    return ", ".join(f"<./static/js/{name}>; rel=modulepreload; crossorigin; fetchpriority=low" for name in late)
