"""All pages of the app, in both themes, as a reader reaches them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from playwright.sync_api import Browser, Page, expect

Scheme = Literal["dark", "light"]
KEPT = "second look theme"  # where the switch keeps its choice
TIMEOUT = 240_000
UNDER_WAY = ":is([data-testid=stProgress], [data-testid=stSpinner])"


@contextmanager
def app(browser: Browser, address: str, scheme: Scheme, width: int = 1440, height: int = 900) -> Iterator[Page]:
    """A fresh session with a theme chosen before, at the first page."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_default_timeout(TIMEOUT)
    page.add_init_script(f"localStorage.setItem({KEPT!r}, {scheme!r})")
    page.goto(address)
    settled(page)
    expect(page.locator(".stApp")).to_have_css("color-scheme", scheme)
    yield page
    page.close()


def settled(page: Page) -> None:
    """Wait until nothing is under way."""
    at_rest = page.locator("[data-test-script-state=notRunning]")
    for _ in range(2):  # a result that came makes the page run once more
        expect(at_rest).to_be_visible(timeout=TIMEOUT)
        expect(page.locator(UNDER_WAY)).to_have_count(0, timeout=TIMEOUT)
        page.wait_for_timeout(400)
    expect(at_rest).to_be_visible(timeout=TIMEOUT)


def every_page(page: Page) -> Iterator[str]:
    """Open the pages one after the other: those of the bar, then a model's, then that for adding one. Gives names."""
    for name in page.locator(".st-key-pages a").all_inner_texts():
        _follow(page, name)
        yield name.lower()
    _follow(page, "Models")
    page.locator("[class*='st-key-card-'] .stPageLink a").first.click()
    expect(page.get_by_role("link", name="All models")).to_be_visible(timeout=TIMEOUT)
    settled(page)
    yield "model"
    _follow(page, "Models")
    page.get_by_role("link", name="Add a model").click()
    expect(page.get_by_role("heading", name="Add a model")).to_be_visible(timeout=TIMEOUT)
    settled(page)
    yield "add"


def _follow(page: Page, name: str) -> None:
    page.locator(".st-key-pages").get_by_role("link", name=name, exact=True).click()
    settled(page)
