"""The quiz: the pairs give nothing away, and the score follows from the answers."""

from __future__ import annotations

import base64
import random

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.services import quizzing
from dashboard.services.quizzing import Quiz, Setup
from dashboard.views.quiz import ALTERED_BY
from evaluation.quiz import quiz_result
from model_zoo.loading import load_classifier
from perturbations import PERTURBATIONS
from tests.dashboard.steps import PATIENCE, shown
from tests.toys import linear_classifier

LEARN = """
from dashboard.components.frame import frame
from dashboard.views.learn import learn

frame([])
learn()
"""
SETUP = Setup("cxr", "cxr_pneumonia", "uniform_noise", 2.0, 3)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that answers at once."""
    monkeypatch.setattr(quizzing, "load_classifier", lambda *_: linear_classifier(size=32))


def run_of(order: random.Random, setup: Setup = SETUP) -> Quiz:
    quiz = Quiz(order=order)
    quiz.begin(setup)
    for _ in range(setup.pairs):
        quiz.ask(lambda: True)
        quiz.settle(PATIENCE)
        assert quiz.pair is not None
        quiz.answer(len(quiz.answers), "left", 1.5)
    return quiz


def values(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype="<u2").astype(int)


@pytest.mark.usefixtures("toy")
def test_a_pair_is_one_picture_and_its_altered_twin() -> None:
    (pair, *_) = run_of(random.Random(0)).pairs
    left, right = values(pair.left), values(pair.right)
    assert left.size == right.size == np.prod(pair.shape)
    difference = np.abs(left - right).max() / 257
    assert 0 < difference <= SETUP.epsilon + 0.01
    clean = right if pair.altered == "left" else left
    assert (clean % 257 == 0).all(), "the bundled picture has 256 gray levels"


@pytest.mark.usefixtures("toy")
def test_nothing_but_the_values_differs_between_the_sides() -> None:
    for pair in run_of(random.Random(0)).pairs:
        assert len(pair.left) == len(pair.right)


@pytest.mark.usefixtures("toy")
def test_sides_are_drawn_anew_for_each_pair() -> None:
    sides = [pair.altered for pair in run_of(random.Random(5), Setup("cxr", "m", "uniform_noise", 2.0, 20)).pairs]
    assert set(sides) == {"left", "right"}
    assert 4 <= sides.count("left") <= 16


@pytest.mark.usefixtures("toy")
def test_each_case_comes_once_before_any_comes_again() -> None:
    cases = len(quizzing.cases_for("cxr"))
    titles = [pair.title for pair in run_of(random.Random(1), Setup("cxr", "m", "uniform_noise", 2.0, cases)).pairs]
    assert len(set(titles)) == cases


@pytest.mark.usefixtures("toy")
def test_answers_are_scored_and_counted_once() -> None:
    quiz = run_of(random.Random(0))
    assert quiz.over
    assert [answer.right for answer in quiz.answers] == [pair.altered == "left" for pair in quiz.pairs]
    quiz.answer(0, "right", 9.0)
    assert len(quiz.answers) == SETUP.pairs
    result = quiz_result(quiz.answers)
    assert result.median_seconds == 1.5
    assert result.share.n == SETUP.pairs


@pytest.mark.usefixtures("toy")
def test_the_next_pair_is_made_ahead_and_no_more() -> None:
    quiz = Quiz(order=random.Random(0))
    quiz.begin(SETUP)
    for _ in range(4):
        quiz.ask(lambda: True)
        quiz.settle(PATIENCE)
    assert len(quiz.pairs) == 2
    quiz.answer(1, "left", 1.0)
    assert quiz.answers == [], "an answer to another pair than the one at hand"


def test_the_random_noise_control_is_offered_and_searches_without_sight_are_not() -> None:
    assert "uniform_noise" in ALTERED_BY
    assert "pgd" in ALTERED_BY
    assert all(PERTURBATIONS[key].norm == "linf" for key in ALTERED_BY)


def test_a_change_below_half_a_level_comes_with_a_warning() -> None:
    app = quiz_page()
    assert "65,536 levels" not in shown(app)
    app.select_slider(key="quiz epsilon").set_value(0.2).run()
    assert "65,536 levels" in shown(app)


def test_the_page_of_a_pair_says_nothing_of_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quizzing, "load_classifier", lambda *_: linear_classifier(size=32))
    app = quiz_page()
    app.button(key="quiz start").click().run()
    for _ in range(PATIENCE):
        if not [button for button in app.button if (button.key or "").startswith("cancel")]:
            break
        app.run()
    assert not app.exception
    text = shown(app)
    assert "Pair 1 of 10" in text
    quiz = app.session_state["held dashboard.services.quizzing.Quiz"]
    assert quiz.pair is not None
    assert quiz.pair.title not in text
    assert "altered=" not in str(app.main)
    app.button(key="quiz end").click().run()
    assert app.button(key="quiz start").label == "Start"


def test_the_result_quotes_the_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quizzing, "load_classifier", lambda *_: linear_classifier(size=32))
    app = quiz_page()
    quiz = run_of(random.Random(0))
    app.session_state["held dashboard.services.quizzing.Quiz"] = quiz
    app.run()
    right = sum(answer.right for answer in quiz.answers)
    text = shown(app)
    assert f"<b>{right} of 3</b>" in text
    assert "1.5 s" in text
    assert "d-prime" in text


@pytest.mark.slow
def test_an_attack_flips_what_noise_of_its_size_does_not() -> None:
    load_classifier("cxr_pneumonia")
    flips = {}
    for method in ("pgd", "uniform_noise"):
        pairs = run_of(random.Random(0), Setup("cxr", "cxr_pneumonia", method, 1.0, 6)).pairs
        flips[method] = [pair.flips for pair in pairs if pair.flips is not None]
    assert len(flips["pgd"]) == 4, "the two projections of a CT are not chest films"
    assert all(flips["pgd"])
    assert not any(flips["uniform_noise"])


def quiz_page() -> AppTest:
    app = AppTest.from_string(LEARN, default_timeout=PATIENCE)
    app.query_params["lesson"] = "which-one-was-altered"
    app.run()
    assert not app.exception
    return app
