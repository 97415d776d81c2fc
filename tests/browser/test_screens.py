"""Every page in both themes, and as wide as a desk, a projector and a phone: nothing is cut, nobody is kept out.

Pictures for looking at are left in build/screens/.
"""

from __future__ import annotations

import re
from itertools import cycle
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import buttons_within, findings
from tests.browser.pages import every_page, settled, until
from tests.dashboard.steps import NOTICE

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.thorough, pytest.mark.timeout(900)]

FOLDER = Path(__file__).resolve().parent.parent.parent / "build" / "screens"
DESK = (1440, 900)
VIEWS = [("dark", *DESK), ("light", *DESK), ("dark", 1280, 720), ("dark", 390, 844)]
PATIENCE = 10  # looks, as long as something is wrong: charts follow theme and width in their own time
CUT = """() => {
    const all = (root) =>
        [...root.querySelectorAll("*")].flatMap((e) => (e.shadowRoot ? [e, ...all(e.shadowRoot)] : e));
    const seen = (e) => e.clientWidth > 0 && e.checkVisibility({ visibilityProperty: true });
    return all(document)
        .filter((e) => e.matches("button, label, summary, a, h1, h2, h3, h4, .title"))
        .filter((e) => seen(e) && e.scrollWidth > e.clientWidth + 1)
        .map((e) => `${e.tagName} ${e.textContent.trim()}: ${e.scrollWidth} in ${e.clientWidth}`);
}"""


def cut(page: Page) -> list[str]:
    """What is wider than its place: the page, or the text of a control or heading."""
    size = page.viewport_size
    assert size is not None
    wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    return [*page.evaluate(CUT), *([f"the page is {wide} wide"] if wide > size["width"] else [])]


def show(page: Page, scheme: str, width: int, height: int) -> None:
    """Give the page a theme and a size."""
    page.set_viewport_size({"width": width, "height": height})
    switch = page.get_by_role("button", name=f"Switch to the {scheme} theme")
    if switch.count():
        switch.click()
    expect(page.locator(".stApp")).to_have_css("color-scheme", scheme)
    settled(page)


def faults(page: Page, *, keep_out: bool) -> list[str]:
    """What is cut, and, where asked for, what keeps readers out."""
    for _ in range(PATIENCE):
        found = [*cut(page), *(findings(page) if keep_out else [])]
        if not found:
            break
        page.wait_for_timeout(500)
    return found


def test_nothing_is_cut_and_nobody_is_kept_out(page: Page) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    until(page, lambda: buttons_within(page), lambda count: count > 10, "buttons that axe sees")
    settled(page)
    seen = {}
    for name, views in zip(every_page(page), cycle([VIEWS, VIEWS[::-1]]), strict=False):  # half opened on a phone
        for view in views:
            show(page, *view)
            scheme, width, height = view
            page.screenshot(path=FOLDER / f"{re.sub(r'[^a-z]+', '-', name)}-{width}x{height}-{scheme}.png")
            expect(page.get_by_text(NOTICE)).to_be_in_viewport(ratio=1)
            seen[name, *view] = faults(page, keep_out=(width, height) == DESK)
    assert {where: found for where, found in seen.items() if found} == {}
