"""Pictures of every page in build/screens/, to be looked at; and what can be told without looking."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.pages import Scheme, app, every_page
from tests.dashboard.steps import NOTICE

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

FOLDER = Path(__file__).resolve().parent.parent.parent / "build" / "screens"
CUT = """() => {
    const all = (root) =>
        [...root.querySelectorAll("*")].flatMap((e) => (e.shadowRoot ? [e, ...all(e.shadowRoot)] : e));
    const seen = (e) => e.clientWidth > 0 && e.checkVisibility({ visibilityProperty: true });
    return all(document)
        .filter((e) => e.matches("button, label, summary, a, h1, h2, h3, h4, .title"))
        .filter((e) => seen(e) && e.scrollWidth > e.clientWidth + 1)
        .map((e) => `${e.tagName} ${e.textContent.trim()}: ${e.scrollWidth} in ${e.clientWidth}`);
}"""


def faults(page: Page) -> list[str]:
    """What is wider than its place: the page, or the text of a control or heading."""
    size = page.viewport_size
    assert size is not None
    wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    return [*page.evaluate(CUT), *([f"the page is {wide} wide"] if wide > size["width"] else [])]


@pytest.mark.parametrize(
    ("scheme", "width", "height"),
    [("dark", 1440, 900), ("dark", 1280, 720), ("dark", 390, 844), ("light", 1440, 900)],
)
def test_nothing_is_cut(browser: Browser, address: str, scheme: Scheme, width: int, height: int) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    seen = {}
    with app(browser, address, scheme, width, height) as page:
        for name in every_page(page):
            page.screenshot(path=FOLDER / f"{re.sub(r'[^a-z]+', '-', name)}-{width}x{height}-{scheme}.png")
            expect(page.get_by_text(NOTICE)).to_be_in_viewport(ratio=1)
            seen[name] = faults(page)
    assert {name: found for name, found in seen.items() if found} == {}
