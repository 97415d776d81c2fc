"""What is said of Streamlit's scripts holds for the version that is installed."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from dashboard.scripts import ELEMENTS, IMPORTED, STATIC, Scripts, early, scripts


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands for Streamlit: the page, or a file."""
    kind = b"text/html; charset=utf-8" if scope["path"].endswith("/") else b"application/javascript"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
    await send({"type": "http.response.body", "body": b"of Streamlit"})


def asked(path: str, **scope: Any) -> tuple[dict[str, str], bytes]:
    """Headers and body of the answer."""
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("nothing more is asked")

    async def send(message: Message) -> None:
        sent.append(message)

    asking = {"type": "http", "method": "GET", "path": path, "headers": [], **scope}
    with ThreadPoolExecutor() as aside:  # the browser of other tests has a loop of its own in this thread
        aside.submit(lambda: asyncio.run(Scripts(page)(asking, receive, send))).result()
    start, body = sent
    return {name.decode(): value.decode() for name, value in start["headers"]}, body["body"]


def test_each_element_has_one_script_and_what_it_imports_is_there() -> None:
    for element in ELEMENTS:
        assert sum(name.startswith(f"{element}.") for name in scripts()) == 1, element
    for content in scripts().values():
        assert {name.decode() for name in IMPORTED.findall(content)} <= scripts().keys()


@pytest.mark.parametrize("base", ["", "/base"])
def test_scripts_are_those_of_streamlit(base: str) -> None:
    for name in scripts():
        headers, body = asked(f"{base}/static/js/{name}")
        assert body == (STATIC / "static" / "js" / name).read_bytes()
        assert headers["content-type"].startswith("text/javascript")
        assert "immutable" in headers["cache-control"]


@pytest.mark.parametrize("path", ["/static/js/../../index.html", "/static/js/nothing.js", "/static/css/index.css"])
def test_other_files_are_left_to_streamlit(path: str) -> None:
    headers, body = asked(path)
    assert body == b"of Streamlit"
    assert "link" not in headers


def test_scripts_are_only_read() -> None:
    path = f"/static/js/{next(iter(scripts()))}"
    assert asked(path, method="POST")[1] == b"of Streamlit"


def test_the_page_names_what_it_would_ask_for_late() -> None:
    headers, body = asked("/")
    assert headers["link"] == early()
    assert body == b"of Streamlit"
    named = [part.split(">")[0].removeprefix("<./static/js/") for part in early().split(", ")]
    index = (STATIC / "index.html").read_text(encoding="utf-8")
    assert named
    assert not any(name in index for name in named)
    assert {*named, *(name for name in scripts() if name in index)} == scripts().keys()
