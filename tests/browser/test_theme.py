"""The dark theme is the default; the switch changes it at once and keeps everything else."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def shows(page: Page, scheme: str, base: str) -> None:
    """Streamlit and style.css both have a theme."""
    expect(page.locator(".stApp")).to_have_css("color-scheme", scheme)
    expect(page.locator(".stApp")).to_have_css("background-color", base)
    expect(page.locator(".st-key-bar")).to_have_css("background-color", base)


def test_the_switch_keeps_the_session_and_the_choice(page: Page) -> None:
    dark, light = "rgb(11, 14, 17)", "rgb(255, 255, 255)"
    page.emulate_media(color_scheme="light")  # what the operating system prefers does not matter
    settled(page)
    shows(page, "dark", dark)
    page.get_by_role("radio", name="Technical").click()
    settled(page)
    page.get_by_role("button", name="Switch to the light theme").click()
    shows(page, "light", light)
    expect(page.get_by_role("radio", name="Technical")).to_be_checked()
    for link, there in (("About", page.get_by_role("heading", name="About")), ("Look", page.locator(".worklist"))):
        page.locator(".st-key-pages").get_by_role("link", name=link).click()
        expect(there).to_be_visible()
        shows(page, "light", light)
    page.reload()
    shows(page, "light", light)
    page.get_by_role("button", name="Switch to the dark theme").click()
    shows(page, "dark", dark)
    page.reload()
    settled(page)
    shows(page, "dark", dark)


def test_pictures_stay_on_black_in_the_light_theme(page: Page) -> None:
    settled(page)
    page.get_by_role("button", name="Switch to the light theme").click()
    shows(page, "light", "rgb(255, 255, 255)")
    for pane in ("clean", "perturbed", "after"):
        behind = page.locator(f"[data-pane={pane}] canvas.picture").locator("..")
        expect(behind).to_have_css("background-color", "rgb(0, 0, 0)")
