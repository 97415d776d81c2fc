"""The strip that greets a first reader: two sentences from the numbers, and three things to do."""

from __future__ import annotations

import pytest

from dashboard.components.welcome import said
from tests.dashboard.steps import opened, settled, shown
from tests.evaluation.results import comparison

pytestmark = pytest.mark.slow


def test_two_sentences_say_what_is_on_screen_and_three_things_can_be_done() -> None:
    app = settled(opened())
    assert "The model flags pneumonia on the left picture and does not flag it on the right one" in shown(app)
    labels = [button.label for button in app.button]
    assert {"Try a smaller change", "Ask the robust twin", "Got it"} <= set(labels)
    next(button for button in app.button if button.label == "Try a smaller change").click().run()
    app = settled(app)
    assert app.session_state["pgd epsilon"] == 0.5
    assert 'class="welcome"' not in shown(app)


def test_the_sentences_follow_the_numbers() -> None:
    flipped, held = said(comparison(0.93, 0.12, 0.927)), said(comparison(0.2, 0.3, 0.21))
    assert "flags pneumonia on the left picture and does not flag it on the right one" in flipped
    assert "random noise of the same size leaves it at 93 %" in flipped
    assert "does not flag pneumonia on the left picture and does not flag it on the right one" in held
    assert held.count(". ") == 1
