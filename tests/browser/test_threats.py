"""The threat map in a real browser: its contents, its links into the other pages, and the way back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from dashboard.services.address import OVERTAKEN_SECONDS
from tests.browser.pages import settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def opened(page: Page) -> None:
    page.locator(".st-key-pages").get_by_role("link", name="Threat map").click()
    expect(page.get_by_role("heading", name="Threat map", level=1)).to_be_visible()
    settled(page)


def test_a_chapter_is_found_by_its_name(page: Page) -> None:
    opened(page)
    remedies = page.get_by_role("heading", name="Remedies")
    expect(remedies).not_to_be_in_viewport()
    page.get_by_role("navigation", name="Chapters").get_by_role("link", name="Remedies").click()
    expect(remedies).to_be_in_viewport()


def test_a_link_opens_the_demonstration_and_back_leads_back(page: Page) -> None:
    opened(page)
    page.get_by_role("link", name="A change that hides retinopathy").click()
    expect(page.locator(".worklist [aria-selected=true]")).to_contain_text("Retina phantom 2")
    expect(page.locator(".prediction .finding")).to_contain_text("referable DR")
    page.go_back()
    expect(page.get_by_role("heading", name="Threat map", level=1)).to_be_visible()
    page.get_by_role("link", name="Lesson: reading a map").first.click()
    expect(page.locator(".lesson-count")).to_contain_text("step 1")


def test_a_link_leads_where_it_says_however_soon_the_reader_comes_back_to_it(page: Page) -> None:
    soon = 1000 * OVERTAKEN_SECONDS * 2 / 3
    for _ in range(2):
        opened(page)
        page.get_by_role("link", name="A change that hides retinopathy").click()
        expect(page.locator(".worklist [aria-selected=true]")).to_contain_text("Retina phantom 2", timeout=soon)
        page.get_by_role("option", name="Retina phantom 1").click()
        expect(page.locator(".worklist [aria-selected=true]")).to_contain_text("Retina phantom 1")


def test_files_of_the_changed_picture_are_saved_under_names_that_warn(page: Page) -> None:
    settled(page)
    page.get_by_text("What is left when it is saved").click()
    expect(page.get_by_text("Saved as DICOM at the size of the case")).to_be_visible()
    for label, ending in (("PNG", "png"), ("DICOM", "dcm"), ("NPY", "npy")):
        settled(page)  # Streamlit gives a button a new file with each run, and the click a moment before finds none
        with page.expect_download() as saving:
            page.locator(".st-key-saved-files").get_by_role("button", name=label).click()
        assert saving.value.suggested_filename == f"adversarial-not-for-clinical-use-pgd.{ending}"
        assert saving.value.path().stat().st_size > 10_000
