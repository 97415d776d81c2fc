"""The server: python -m streamlit run dashboard/server.py, from the root of the repository.

It listens at once, so that a browser loads what draws pages while torch and all that the first page is made of are
imported. It says that it is healthy, and draws pages, once that is done: a page asks for its health first.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard import session
from dashboard.scripts import Scripts

READY = asyncio.Event()
SHARE_SECONDS = 0.0005  # how long imports may keep a file waiting that the browser asked for, each time it needs a core


class Patience:
    """Lets whoever asks for more than files wait until the first page can be drawn."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan" and "/_stcore/" in scope["path"]:
            await READY.wait()
        await self.app(scope, receive, send)


@asynccontextmanager
async def ready(_app: st.App) -> AsyncIterator[None]:
    """Make ready for the first reader, who may be here already."""
    preparing = asyncio.create_task(_prepared())
    yield
    (await preparing).cancel.set()


async def _prepared() -> Any:
    """Everything imported, and the job that loads the models."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SHARE_SECONDS)
    gc.disable()  # what is imported stays, and looking through it again and again takes a tenth of the time
    try:
        warming = await asyncio.to_thread(importlib.import_module, "dashboard.services.warming")
        both = (asyncio.to_thread(work) for work in (warming.imports, warming.pictures))
        for failure in filter(None, await asyncio.gather(*both, return_exceptions=True)):
            raise failure
        return warming.models()
    finally:  # a page that can't be imported says why
        sys.setswitchinterval(before)
        gc.freeze()
        gc.enable()
        READY.set()


def first_page(request: Request) -> RedirectResponse:
    """By its name, as links to it say; Streamlit knows it only without."""
    return RedirectResponse(f".?{request.url.query}")


session.install()
app = st.App(
    "app.py",
    lifespan=ready,
    routes=[Route("/look", first_page)],
    middleware=[Middleware(Scripts), Middleware(Patience)],
)
