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


def test_an_enlarged_map_says_so_and_shows_its_cells_on_request(page: Page, address: str) -> None:
    opened(page, address, "chest-phantom-2")
    panes = page.locator(".st-key-explain-viewer .viewer")
    grain = panes.locator("[data-pane=grad_cam] .grain")
    expect(grain).to_have_text("7 × 7 map, smoothed")
    expect(panes.locator("[data-pane=saliency] .grain")).to_be_hidden()
    panes.get_by_role("button", name="Map as it was computed").click()
    expect(grain).to_have_text("7 × 7 map, not smoothed")
    page.locator(".st-key-pages").get_by_role("link", name="Look").click()
    expect(page.locator(".st-key-viewer [data-pane=clean] .grain")).to_have_text("7 × 7 map, not smoothed")


@pytest.mark.thorough
def test_a_link_brings_the_maps_and_the_rectangle_back(page: Page, address: str) -> None:
    opened(page, address, "chest-phantom-2")
    page.get_by_role("radio", name="Sanity").click()
    heads = page.locator(".st-key-explain-viewer figcaption .title")
    expect(heads).to_have_count(7)
    settled(page)
    box = page.locator(".st-key-explain-viewer [data-pane=grad_cam] .pane").bounding_box()
    assert box
    page.locator(".st-key-explain-viewer .tools button[name=rectangle]").click()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.4 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.6 * box["height"], steps=4)
    page.mouse.up()
    page.locator(".st-key-explain-viewer .tools button[name=area]").click()
    expect(page.locator(".st-key-region")).to_be_visible()
    settled(page)
    page.locator(".st-key-region").get_by_text("Explain", exact=True).click()
    expect(page.locator(".st-key-explain-state")).to_contain_text("depends on inside the rectangle.")
    settled(page)
    link = page.url
    assert "maps=grad_cam" in link
    page.goto("about:blank")
    page.goto(link.replace("/explain?", "/?"))  # of /explain, Streamlit asks for two files there that are not there
    page.locator(".st-key-pages").get_by_role("link", name="Explain").click()
    expect(heads).to_have_count(7)
    expect(heads.nth(1)).to_have_text("Guided backpropagation")
    expect(page.locator(".st-key-explain-state")).to_contain_text("depends on inside the rectangle.")
    settled(page)
    assert page.url == link


def test_a_map_can_be_saved(page: Page, address: str) -> None:
    opened(page, address, "chest-phantom-2")
    with page.expect_download() as begun:
        page.get_by_role("button", name="NPY").click()
    assert begun.value.suggested_filename == "second-look-grad_cam.npy"
    heat = np.load(begun.value.path(), allow_pickle=False)
    assert (heat.shape, heat.dtype) == ((224, 224), np.float32)
    assert heat.max() > 0
