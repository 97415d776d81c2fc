"""The teaching part in a real browser: a lesson and its question, the quiz, and presenter mode by keyboard."""

from __future__ import annotations

import operator
import re
from functools import partial

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LESSON = "Reading a saliency map"


def follow(page: Page, name: str) -> None:
    """From any page to what Learn offers under this name."""
    page.locator(".st-key-pages").get_by_role("link", name="Learn").click()
    page.get_by_role("link", name=name).click()


def listens(page: Page) -> None:
    """Wait until the page obeys the keys."""
    expect(page.locator(".viewer canvas.picture").first).to_be_visible()
    expect(page.locator(".presenter")).to_be_attached()
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_visible()


def test_a_lesson_asks_and_answers_with_what_was_computed(page: Page) -> None:
    follow(page, LESSON)
    expect(page.locator(".lesson-count")).to_contain_text("step 1 of 5")
    listens(page)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".lesson-count")).to_contain_text("step 2 of 5")
    expect(page.locator(".lesson-question")).to_contain_text("inside the lungs")
    page.get_by_role("button", name="3. Hardly any").click()
    reply = page.locator(".lesson-reply")
    expect(reply).to_contain_text("Not quite. Most of it.")
    expect(reply).to_contain_text(re.compile(r"\(\d+\s%\) lies in the region .lungs., which covers \d+\s%"))
    expect(page.get_by_role("button", name="1. Most of it")).to_contain_text("✓")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Open this in the reading room").click(button="middle")
    room = opened.value
    expect(room.locator(".worklist [aria-selected=true]")).to_contain_text("Chest phantom 2")
    expect(room.get_by_text("Page not found")).to_have_count(0)


def test_the_quiz_scores_what_was_picked(page: Page) -> None:
    follow(page, "Which one was altered?")
    method = page.get_by_role("combobox", name="Altered by")
    method.fill("Uniform noise")
    method.press("Enter")
    page.get_by_role("button", name="Start").click()
    for number in range(1, 11):
        expect(page.get_by_text(f"Pair {number} of 10")).to_be_visible()
        pair = page.locator(".pair")
        ready = "element => [element.pair?.data.number, element.pair?.since !== undefined]"
        until(page, partial(pair.evaluate, ready), partial(operator.eq, [number - 1, True]), "the pair")
        if number % 2:
            pair.press("ArrowLeft")
        else:
            pair.get_by_role("button", name="Right one is altered").click()
    expect(page.get_by_text("You picked the altered picture in")).to_contain_text(re.compile(r"\d+ of 10 pairs"))
    result = page.locator(".st-key-quiz table")
    expect(result).to_contain_text(re.compile(r"d-prime \(0 is guessing\)\s*−?\d\.\d\d"))
    expect(result).to_contain_text(re.compile(r"Share found\s*\d+ % \(\d+ % to \d+ %\)"))


def test_presenter_mode_obeys_the_keyboard_alone(page: Page) -> None:
    follow(page, LESSON)
    expect(page.locator(".lesson-count")).to_contain_text(f"{LESSON} · step 1 of 5")
    page.get_by_role("link", name="Present to a room").press("Enter")
    page.wait_for_url(re.compile("present=1"))
    expect(page.locator(".st-key-bar")).to_be_hidden()
    listens(page)
    count = page.locator(".lesson-count").first
    for key, step in (("ArrowRight", 2), ("PageDown", 3), ("ArrowLeft", 2)):
        page.keyboard.press(key)
        expect(count).to_contain_text(f"step {step} of 5")
    expect(page.get_by_role("button", name="Show the answer")).to_be_visible()
    page.keyboard.press("1")
    expect(page.locator("[class*=st-key-lesson-choice-1] [data-testid=stBaseButton-primary]")).to_be_visible()
    expect(page.locator(".lesson-reply")).to_have_count(0)
    page.keyboard.press("Space")
    expect(page.locator(".lesson-reply")).to_contain_text("Right.")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_text("Picture 2 of 2")).to_be_visible()
    page.get_by_role("link", name="Leave presenter mode").press("Enter")
    expect(page.locator(".st-key-bar")).to_be_visible()
    expect(count).to_contain_text("step 2 of 5")
    assert "present" not in page.url
