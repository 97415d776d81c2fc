"""The explain page in a real browser: maps by presets, a closer look at one, and a file of it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def opened(page: Page, address: str, case: str) -> None:
    """The page with the maps of a case."""
    page.goto(f"{address}/?case={case}")
    expect(page.locator(".worklist")).to_be_visible()
    page.locator(".st-key-pages").get_by_role("link", name="Explain").click()
    expect(page.locator(".st-key-explain-state")).to_contain_text("The maps show what that score depends on.")
    settled(page)


def test_presets_show_other_maps_and_the_arrow_keys_other_cases(page: Page, address: str) -> None:
    opened(page, address, "chest-phantom-2")
    heads = page.locator(".st-key-explain-viewer figcaption .title")
    expect(heads).to_have_text(["Grad-CAM", "HiResCAM", "Saliency", "Input × gradient", "Consensus", "Disagreement"])
    page.get_by_role("radio", name="Sanity").click()
    expect(heads).to_have_count(7)
    expect(heads.nth(1)).to_have_text("Guided backpropagation")
    settled(page)
    page.locator(".st-key-explain-viewer .viewer [data-pane=grad_cam]").click()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("combobox", name="Case")).to_have_value(re.compile("Chest phantom 3"))


def test_a_map_can_be_saved(page: Page, address: str) -> None:
    opened(page, address, "chest-phantom-2")
    with page.expect_download() as begun:
        page.get_by_role("button", name="NPY").click()
    assert begun.value.suggested_filename == "second-look-grad_cam.npy"
    heat = np.load(begun.value.path(), allow_pickle=False)
    assert (heat.shape, heat.dtype) == ((224, 224), np.float32)
    assert heat.max() > 0
