"""The flow in a real browser: a link, the worklist, the dial, a note, the next case; and two readers at once."""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Browser, Page, TimeoutError, expect

from tests.browser.conftest import PATIENCE
from tests.browser.pages import settled, until
from tests.browser.test_main_job import finished, upload
from tests.dashboard.steps import phantom_png

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHOSEN = ".worklist [aria-selected=true]"
ATTEMPTS = 8


def asked(page: Page) -> dict[str, str]:
    """The query of the address."""
    return {name: texts[0] for name, texts in parse_qs(urlparse(page.url).query).items()}


def marks(page: Page) -> list[str]:
    """What stands beside the cases, from top to bottom."""
    return [str(mark.get_attribute("data-text")) for mark in page.locator(".worklist .mark").all()]


def numbers(page: Page) -> list[float]:
    """The percentages of the cases, from top to bottom, where the model was asked."""
    return [float(re.sub(r"[^\d.]", "", mark)) for mark in marks(page) if mark.strip("? ")]


def choose(page: Page, picker: str, option: str) -> None:
    """Open a picker and choose. Streamlit closes it when the page scrolls, of which the browser may tell it only after
    the click for which Playwright brought the picker into sight: then it is opened again."""
    for _ in range(ATTEMPTS):
        page.get_by_role("combobox", name=picker).click()
        with suppress(TimeoutError):
            page.get_by_role("option", name=option, exact=True).click(timeout=PATIENCE / ATTEMPTS)
            return
    pytest.fail(f"the options of {picker} did not stay in {ATTEMPTS} attempts")


def test_a_link_opens_what_its_sender_saw_and_back_leads_back(page: Page, address: str) -> None:
    query = "case=retina-photograph&model=fundus_referable_dr&attack=fgsm&epsilon=0.5&explainer=saliency&goal=induce"
    page.goto(f"{address}/?{query}")
    finished(page)
    expect(page.locator(CHOSEN)).to_contain_text("normal left eye")
    expect(page.get_by_role("combobox", name="Perturbation")).to_have_value(re.compile("Fast gradient", re.IGNORECASE))
    expect(page.locator(".dial output")).to_have_text("0.5/255")
    assert asked(page) == {name: texts[0] for name, texts in parse_qs(query).items()}
    page.get_by_role("option", name="Chest phantom 1").click()
    expect(page.locator(CHOSEN)).to_contain_text("Chest phantom 1")
    page.wait_for_url(re.compile("case=chest-phantom-1"))
    finished(page)
    settled(page)
    page.go_back()
    expect(page.locator(CHOSEN)).to_contain_text("normal left eye")
    page.wait_for_url(re.compile("case=retina-photograph"))
    finished(page)


def test_back_and_forward_lead_there_also_while_a_case_is_on_its_way(page: Page) -> None:
    finished(page)
    for case in ("chest-phantom-2", "retina-phantom-2"):
        page.locator(".worklist").get_by_role("option", name=case.replace("-", " ")).click()
        page.wait_for_url(re.compile(f"case={case}"))
    for travel, case in ((page.go_back, "chest"), (page.go_forward, "retina"), (page.go_back, "chest")):
        travel()
        expect(page.locator(CHOSEN)).to_contain_text(re.compile(f"{case} phantom 2", re.IGNORECASE))
        assert f"case={case}-phantom-2" in page.url
    settled(page)
    expect(page.locator(CHOSEN)).to_contain_text("Chest phantom 2")
    assert "case=chest-phantom-2" in page.url


@pytest.mark.thorough
def test_back_and_forward_lead_from_page_to_page(page: Page) -> None:
    pages = ("About", "Threat map", "Methods")
    for name in pages:
        page.locator(".st-key-pages").get_by_role("link", name=name).click()
        page.get_by_role("heading", name=name, level=1).wait_for()
    settled(page)
    paths, length = ("about", "threats", "methods"), page.evaluate("history.length")
    for travel, at in ((page.go_back, 1), (page.go_back, 0), (page.go_forward, 1), (page.go_forward, 2)):
        travel()
        expect(page.get_by_role("heading", level=1)).to_contain_text([pages[at]])
        settled(page)
        expect(page.get_by_role("heading", level=1)).to_contain_text([pages[at]])
        assert urlparse(page.url).path == f"/{paths[at]}"
    assert page.evaluate("history.length") == length


def test_a_reader_who_only_came_can_leave(page: Page, address: str) -> None:
    page.goto("about:blank")
    page.goto(address)
    finished(page)
    page.wait_for_url(re.compile("case="))
    for _ in range(2):  # the app completes the address that it was opened with
        page.go_back()
        page.wait_for_timeout(500)
    assert page.url == "about:blank"


def test_the_bar_stays_in_sight_on_a_long_page(page: Page) -> None:
    page.locator(".st-key-pages").get_by_role("link", name="About").click()
    page.get_by_role("heading", name="About", level=1).wait_for()
    settled(page)
    page.mouse.move(700, 500)
    page.mouse.wheel(0, 600)
    until(page, lambda: page.evaluate("document.querySelector('.stMain').scrollTop"), lambda top: top > 300, "scrolled")
    box = page.locator(".st-key-bar").bounding_box()
    assert box is not None
    assert box["y"] == 0


def test_the_worklist_finds_filters_and_sorts(page: Page) -> None:
    finished(page)
    lines = page.locator(".worklist button")
    expect(page.locator(".sieve .count")).to_have_text(re.compile(r"^\d\d cases"))
    total = lines.count()
    page.get_by_role("searchbox", name="Find a case").fill("retina 2")
    expect(lines).to_have_count(1)
    expect(lines).to_contain_text("Retina phantom 2")
    page.get_by_role("searchbox", name="Find a case").fill("no such case")
    expect(page.locator(".worklist .empty")).to_be_visible()
    page.get_by_role("searchbox", name="Find a case").fill("")
    page.get_by_role("combobox", name="Which cases").select_option("Flagged")
    flagged = until(page, lambda: marks(page), lambda seen: bool(seen) and all("●" in mark for mark in seen), "flagged")
    assert 0 < len(flagged) < total
    page.get_by_role("combobox", name="Which cases").select_option("All")
    page.get_by_role("combobox", name="Order").select_option("Lowest first")
    until(page, lambda: numbers(page), lambda seen: len(seen) > 1 and seen == sorted(seen), "lowest first")


@pytest.mark.thorough
def test_the_next_case_is_the_next_one_that_the_reader_sees(page: Page) -> None:
    finished(page)
    chosen, lines = page.locator(CHOSEN), page.locator(".worklist button")
    page.get_by_role("combobox", name="Kind of picture").select_option("Fundus photograph")
    page.get_by_role("searchbox", name="Find a case").press_sequentially("phantom")
    expect(lines.first).to_contain_text("Retina phantom 1")
    expect(page.locator(".worklist")).not_to_contain_text(re.compile("Chest|Mole"))
    settled(page, still=1000)  # the list tells its order once the reader has stopped typing
    page.get_by_role("button", name="Next case").click()
    expect(chosen).to_contain_text("Retina phantom 1")
    finished(page)
    viewer = page.locator(".viewer .grid")
    viewer.press("ArrowRight")
    expect(chosen).to_contain_text("Retina phantom 2")
    viewer.press("ArrowLeft")
    expect(chosen).to_contain_text("Retina phantom 1")
    viewer.press("ArrowLeft")
    expect(lines.last).to_have_attribute("aria-selected", "true")
    page.get_by_role("searchbox", name="Find a case").fill("no such case")
    expect(page.get_by_role("button", name="Next case")).to_be_disabled()


def test_the_arrows_step_the_one_case_of_a_grid_and_are_not_offered_where_cases_vary(page: Page, address: str) -> None:
    others = "explainer=saliency&attack=exposure&columns=perturbation&compare.perturbation=exposure"
    compare = page.locator(".st-key-pages").get_by_role("link", name="Compare")
    page.goto(f"{address}/?case=chest-phantom-1&rows=explainer&compare.explainer=saliency&{others}")
    compare.click()
    viewer, keys = page.locator(".viewer .grid"), page.locator(".viewer dialog")
    expect(viewer.locator("figure")).to_have_count(1)
    viewer.press("?")
    expect(keys.get_by_text("Next case")).to_be_visible()
    keys.get_by_role("button").click()
    viewer.press("ArrowRight")
    page.wait_for_url(re.compile("case=chest-phantom-2"))
    page.goto(f"{address}/?rows=case&compare.case=chest-phantom-1,chest-phantom-2&{others}")
    compare.click()
    expect(viewer.locator("figure")).to_have_count(2)
    viewer.press("?")
    expect(keys.get_by_text("Zoom in")).to_be_visible()
    expect(keys.get_by_text("Next case")).to_be_hidden()


def test_the_reading_room_opens_under_its_name_too(page: Page, address: str) -> None:
    page.goto(f"{address}/look?case=retina-photograph")
    expect(page.locator(CHOSEN)).to_contain_text("normal left eye")
    page.wait_for_url(f"{address}/?case=retina-photograph&*")
    expect(page.get_by_text("Page not found")).to_have_count(0)
    expect(page.locator(".st-key-pages").get_by_role("link", name="Look")).to_have_attribute("href", "look")


def test_the_dial_answers_to_the_keyboard_and_computes_its_neighbors_ahead(page: Page) -> None:
    finished(page)
    page.get_by_role("slider", name="Epsilon").press("ArrowLeft")
    page.wait_for_url(re.compile(r"epsilon=0\.5"))
    finished(page)
    expect(page.locator(".sentence")).to_contain_text("0.5/255")
    expect(page.locator(".dial circle.here")).to_have_count(1)
    expect(page.locator(".dial circle").nth(4)).to_be_attached()
    page.get_by_role("slider", name="Epsilon").press("Home")
    expect(page.locator(".sentence")).to_contain_text("0.0/255")
    expect(page.locator(".dial .said")).to_have_text("no change")
    page.get_by_role("checkbox", name="to 16").check()
    expect(page.locator(".dial .ticks")).to_contain_text("16")


def test_words_are_explained_where_they_stand(page: Page) -> None:
    finished(page)
    meaning = page.locator(".dial .meaning")
    expect(meaning).not_to_be_visible()
    page.locator(".dial summary").press("Enter")
    expect(meaning).to_have_text("Largest change of any pixel, in gray levels.")
    page.get_by_role("button", name="About Projected gradient descent").press("Enter")
    text = page.get_by_test_id("stPopoverBody")
    expect(text).to_contain_text("What it guarantees.")
    expect(text).to_be_in_viewport()
    text.press("Escape")
    expect(text).to_have_count(0)
    page.get_by_role("link", name="Model card").click()
    expect(page.get_by_role("heading", name="Pneumonia on the chest X-ray", exact=True)).to_be_visible()


def test_what_is_clicked_while_the_page_is_drawn_anew_counts(page: Page) -> None:
    finished(page)
    settled(page)
    running = "document.querySelector('[data-test-script-state=running]')"
    kept = page.get_by_role("button", name="Next case").element_handle()
    page.get_by_role("button", name="Next case").click()
    page.wait_for_function(running)
    page.get_by_role("slider", name="Epsilon").press("ArrowLeft")
    page.wait_for_function(running)
    choose(page, "Explainer", "Saliency")
    page.wait_for_url(re.compile(r"case=chest-phantom-3&.*epsilon=0\.5&explainer=saliency"))
    finished(page)
    expect(page.locator(CHOSEN)).to_contain_text("Chest phantom 3")
    expect(page.get_by_role("combobox", name="Case", exact=True)).to_have_value(re.compile("Chest phantom 3"))
    assert kept.evaluate("button => button.isConnected"), "the button is the one that was there"


@pytest.mark.thorough
def test_while_another_case_is_computed_nothing_moves_and_what_is_open_stays(page: Page, address: str) -> None:
    page.goto(f"{address}/?case=chest-phantom-2&attack=pgd&steps=100")
    finished(page)
    explainer = page.get_by_role("combobox", name="Explainer")
    explainer.scroll_into_view_if_needed()
    settled(page)
    onward, note = page.locator(".steps [name=next]"), page.locator(".st-key-note")
    before = onward.bounding_box(), note.bounding_box()
    onward.click()
    page.locator(".findings-to-come").wait_for(state="attached")
    explainer.click()
    assert (onward.bounding_box(), note.bounding_box()) == before
    finished(page)
    settled(page)
    expect(page.get_by_role("option", name="Saliency", exact=True)).to_be_visible()
    assert onward.bounding_box() == before[0]


@pytest.mark.thorough
def test_three_presses_in_a_row_are_three_steps(page: Page) -> None:
    finished(page)
    page.get_by_role("button", name="Next case").evaluate("button => { for (const _ of '123') button.click(); }")
    expect(page.locator(CHOSEN)).to_contain_text("Mole phantom 1")
    settled(page)
    page.locator(".viewer .grid").evaluate(
        """grid => {
            for (const _ of "12") grid.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true }));
        }"""
    )
    expect(page.locator(CHOSEN)).to_contain_text("Chest phantom 3")
    settled(page)
    expect(page.locator(CHOSEN)).to_contain_text("Chest phantom 3")


@pytest.mark.thorough
def test_a_link_with_ctrl_or_the_middle_button_opens_a_new_tab_with_what_is_shown(page: Page, address: str) -> None:
    page.goto(f"{address}/?case=retina-photograph&attack=exposure&explainer=saliency")
    finished(page)
    shown = page.url
    bar = page.locator(".st-key-pages")
    for name, how in (("Explain", {"modifiers": ["Control"]}), ("Look", {"button": "middle"})):
        with page.context.expect_page() as opening:
            bar.get_by_role("link", name=name).click(**how)
        other = opening.value
        other.wait_for_url(re.compile("case=retina-photograph&.*attack=exposure.*explainer=saliency"))
        assert (urlparse(other.url).path == "/explain") == (name == "Explain")
        assert page.url == shown
        other.close()
    bar.get_by_role("link", name="Methods").click()
    expect(page.get_by_role("heading", name="Methods", exact=True)).to_be_visible()
    bar.get_by_role("link", name="Compare").hover()
    with page.context.expect_page() as opening:
        bar.get_by_role("link", name="Compare").click(modifiers=["Control"])
    opening.value.wait_for_url(re.compile("/compare.*case=retina-photograph"))
    opening.value.close()
    expect(page).to_have_url(f"{address}/methods")


def test_a_note_is_kept_and_the_next_case_is_one_click_away(page: Page) -> None:
    finished(page)
    first = page.locator(CHOSEN).get_attribute("data-id")
    note = page.get_by_role("textbox", name="Note")
    note.fill("Opacities in both lungs.")
    page.get_by_role("button", name="Next case").click()
    expect(page.locator(CHOSEN)).not_to_have_attribute("data-id", str(first))
    expect(page.locator(f".worklist [data-id='{first}'] .flags")).to_contain_text("note")
    finished(page)
    expect(note).to_have_value("")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save 1 note").click()
    text = saved.value.path().read_text(encoding="utf-8")
    assert "Opacities in both lungs." in text
    assert "Not for diagnosis" in text
    assert "case=chest-phantom-2" in text
    page.get_by_role("button", name="Previous case").click()
    expect(page.locator(CHOSEN)).to_have_attribute("data-id", str(first))
    expect(note).to_have_value("Opacities in both lungs.")


@pytest.mark.thorough
def test_the_smallest_change_is_found_and_used(page: Page) -> None:
    finished(page)
    page.get_by_role("button", name="Find the smallest change").click()
    expect(page.locator(".smallest")).to_contain_text("is the smallest found that flips the decision")
    page.get_by_role("button", name="Use it").click()
    page.wait_for_url(re.compile(r"epsilon=0\.\d+"))
    finished(page)
    expect(page.get_by_label("Prediction")).to_contain_text("Decision flips")


def test_two_readers_at_once_see_only_their_own(page: Page, browser: Browser, address: str) -> None:
    other = browser.new_page(viewport={"width": 1280, "height": 720})
    other.set_default_timeout(120_000)
    other.goto(address)
    finished(page)
    finished(other)
    upload(page, "mine.png", phantom_png("dermoscopy"))
    other.get_by_role("slider", name="Epsilon").press("ArrowLeft")
    other.wait_for_url(re.compile(r"epsilon=0\.5"))
    finished(other)
    finished(page)
    expect(other.locator(".worklist")).not_to_contain_text("Upload")
    expect(other.locator(".sentence")).to_contain_text("0.5/255")
    expect(page.locator(".sentence")).to_contain_text("1.0/255")
    other.goto(page.url)
    expect(other.get_by_role("alert")).to_contain_text("held only by the session")
    other.close()
