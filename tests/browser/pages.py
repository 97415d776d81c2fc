"""All pages of the app, as a reader reaches them; and how to wait for what arrives when it arrives."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from playwright.sync_api import Locator, Page, expect

T = TypeVar("T")

SECONDS = 240  # the longest wait; nothing here takes a quarter of that on an idle machine
STILL = 300  # ms for which nothing may be under way: a result that came makes the page run once more
UNTITLED = {"Look": ".worklist", "Explain": ".st-key-explain-choices", "Compare": ".st-key-compare-choices"}
UNDER_WAY = """still => {
    const all = (root) =>
        [...root.querySelectorAll("*")].flatMap((e) => (e.shadowRoot ? [e, ...all(e.shadowRoot)] : e));
    const painted = (pane) => pane.ratio || !pane.box.clientWidth;
    const decoded = ({ picture, heat }) => [picture, heat].every((part) => !part || part.decoded);
    const whole = (viewer) => viewer && viewer.scene === viewer.coming && viewer.scene.panes.every(decoded)
        && !viewer.request && viewer.visible.every(painted);
    const busy = [
        !document.querySelector(".stElementContainer") && "the first run",
        !document.querySelector("[data-test-script-state=notRunning]") && "the script",
        document.querySelector("[data-testid=stSkeleton]") && "a widget",
        document.querySelector("[data-testid=stProgress]") && "a computation",
        document.querySelector("[data-testid=stSpinner]") && "an import",
        !all(document).filter((e) => e.matches(".viewer")).every(({ viewer }) => whole(viewer)) && "a picture",
    ].filter(Boolean);
    if (busy.length) window.stillSince = undefined;
    else window.stillSince ??= performance.now();
    return performance.now() - window.stillSince >= still ? [] : [...busy, "no rest for so long"];
}"""


def until(page: Page, look: Callable[[], T], good: Callable[[T], bool], what: str) -> T:
    """What there is to see, once it is good: for what no locator of Playwright can wait for."""
    deadline = time.monotonic() + SECONDS
    while not good(seen := look()):
        assert time.monotonic() < deadline, f"{what}: still {seen!r} after {SECONDS} s"
        page.wait_for_timeout(100)
    return seen


def settled(page: Page, still: int = STILL) -> None:
    """Wait until nothing is under way and every picture is painted."""
    page.evaluate("delete window.stillSince")
    until(page, lambda: page.evaluate(UNDER_WAY, still), lambda busy: not busy, "under way")


def every_page(page: Page) -> Iterator[str]:
    """Open the pages one after the other: those of the bar, then a model's, then that for adding one. Gives names."""
    links = page.locator(".st-key-pages").get_by_role("link")
    for name in links.all_inner_texts():
        title = page.get_by_role("heading", name=name, level=1)
        _follow(links.filter(has_text=name), page.locator(UNTITLED[name]) if name in UNTITLED else title)
        yield name.lower()
    models = links.filter(has_text="Models"), page.get_by_role("heading", name="Models", exact=True)
    _follow(*models)
    _follow(page.locator("[class*='st-key-card-'] .stPageLink a").first, page.get_by_role("link", name="All models"))
    yield "model"
    _follow(*models)
    _follow(page.get_by_role("link", name="Add a model"), page.get_by_role("heading", name="Add a model"))
    yield "add"


def _follow(link: Locator, shows: Locator) -> None:
    """Open a page, which shows this when it is there."""
    link.click()
    expect(shows).to_be_visible(timeout=1000 * SECONDS)
    settled(link.page)
