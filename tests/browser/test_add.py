"""A reader's own model in a real browser: two files, a verdict, and a comparison that only this session sees."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from model_zoo.cards import write_card
from tests.browser.conftest import blank
from tests.browser.pages import settled
from tests.browser.test_main_job import finished
from tests.foreign import foreign_card, save_timm

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MARK = re.compile("Uploaded, not measured here: Tiny")


def choose(page: Page, zone: str, path: Path) -> None:
    """Drop a file, and wait until it has arrived and been read: a page that is drawn anew can lose the next one."""
    place = page.locator(f".st-key-{zone}-zone")
    place.locator("input[type=file]").set_input_files(path)
    expect(place).to_contain_text(path.name)
    settled(page)


@pytest.mark.thorough
def test_an_uploaded_model_is_checked_and_compared(page: Page, browser: Browser, address: str, tmp_path: Path) -> None:
    card = foreign_card(architecture="test_efficientnet", name="Tiny")
    write_card(card, tmp_path / "card.toml")
    save_timm(card, tmp_path / "weights.safetensors")
    (tmp_path / "weights.pth").write_bytes(b"PK\x03\x04")
    finished(page)
    page.locator(".st-key-pages").get_by_role("link", name="Models").click()
    page.get_by_role("link", name="Add a model").click()
    expect(page.get_by_role("heading", name="Add a model")).to_be_visible()
    settled(page)
    with page.expect_download() as template:
        page.get_by_role("button", name="Template for ONNX").click()
    assert 'format = "onnx"' in template.value.path().read_text(encoding="utf-8")
    choose(page, "card", tmp_path / "card.toml")
    choose(page, "weights", tmp_path / "weights.pth")
    expect(page.get_by_role("alert")).to_contain_text("Save the weights alone")
    expect(page.get_by_text("card.toml")).to_be_visible()
    choose(page, "weights", tmp_path / "weights.safetensors")
    expect(page.get_by_label("Verdict")).to_contain_text("✓ Passed")
    page.get_by_role("button", name="Use this model").click()
    expect(page.get_by_role("combobox", name="Model")).to_have_value(MARK)
    finished(page)
    expect(page.get_by_role("combobox", name="Finding")).to_be_visible()
    other = blank(browser)
    other.goto(f"{address}/methods")
    other.get_by_role("combobox", name="Model").click()
    expect(other.get_by_role("option", name="Pneumonia", exact=False).first).to_be_visible()
    expect(other.get_by_role("option", name=MARK)).to_have_count(0)
    other.close()
