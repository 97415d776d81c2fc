"""The browser has each script before it meets the element for which it is."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from dashboard.scripts import scripts
from tests.browser.pages import settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LOADED = "performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.endsWith('.js'))"


def test_the_first_page_asks_for_no_script_that_was_not_named(page: Page) -> None:
    settled(page)
    loaded = {name.rpartition("/")[2] for name in page.evaluate(LOADED)}
    assert len(loaded) > 50
    assert loaded == scripts().keys()
