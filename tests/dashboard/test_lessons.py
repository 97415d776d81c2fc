"""The lessons: their files keep the contract, their rules know the answers, and what they say holds live."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.progress import Report
from core.values import Attribution, Floats, Geometry, Mask, Prediction
from dashboard.components.lessons.answers import Answers
from dashboard.components.lessons.place import Place, reading_room
from dashboard.services import tours
from dashboard.services.jobs import Cancel
from dashboard.services.lessons import EDGES, Claim, Lesson, Shot, Step, lessons
from dashboard.services.rules import RULES, check
from dashboard.services.shots import Taken, take
from dashboard.services.tours import Tours
from explainers import EXPLAINERS
from imaging.bundled import bundled_cases
from model_zoo.cards import cards
from perturbations import PERTURBATIONS
from tests.dashboard.steps import NOTICE, PATIENCE, settled, shown

LEARN = """
from dashboard.components.frame import frame
from dashboard.views.learn import learn

frame([])
learn()
"""
LONGEST_TEXT = 60  # words
STEPS = [(lesson, step) for lesson in lessons().values() for step in lesson.steps]


def each(steps: list[tuple[Lesson, Step]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("lesson", "step"), steps, ids=[f"{a.key}: {b.title}" for a, b in steps])


def claims_of(step: Step) -> list[Claim]:
    return [*step.expects, *([step.question.asks] if step.question else [])]


def learn_page(**place: str) -> AppTest:
    app = AppTest.from_string(LEARN, default_timeout=PATIENCE)
    for name, value in place.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    assert NOTICE in shown(app)
    return app


def test_there_are_the_six_lessons_that_were_asked_for() -> None:
    assert list(lessons()) == [
        "reading-a-map",
        "sanity-check",
        "one-gray-level",
        "artifact-or-attack",
        "defense-and-attacker",
        "shortcut-and-backdoor",
    ]


@pytest.mark.parametrize("lesson", lessons().values(), ids=list(lessons()))
def test_shots_name_what_there_is(lesson: Lesson) -> None:
    known = {card.key: card for card in cards()}
    for shot in lesson.shots.values():
        case = next(case for case in bundled_cases() if case.key == shot.case)
        assert case.modality == known[shot.model].input.modality
        if shot.explainer != EDGES:
            EXPLAINERS[shot.explainer].params(**shot.explainer_params)
        if shot.perturbation:
            PERTURBATIONS[shot.perturbation].params(**shot.params)
        assert not (shot.perturbation and shot.noise_like)
    used = {shot.name for step in lesson.steps for shot in lesson.needed(step)}
    assert used == set(lesson.shots), "a shot that no step needs"


@each(STEPS)
def test_steps_are_complete(lesson: Lesson, step: Step) -> None:
    assert step.title
    assert 0 < len(step.text.split()) <= LONGEST_TEXT
    assert 1 <= len(step.panes) <= 3
    assert step.question is not None or step.expects, "a step that claims nothing and asks nothing needs no live result"
    for pane in step.panes:
        assert pane.part in {"all", "picture", "map", "change"}
    for claim in claims_of(step):
        assert len(claim.of) == RULES[claim.rule].shots
        assert set(claim.of) <= set(lesson.shots)
        assert claim.outcome in RULES[claim.rule].outcomes


@each([(lesson, step) for lesson, step in STEPS if step.question])
def test_the_choices_are_the_outcomes_of_the_rule(lesson: Lesson, step: Step) -> None:
    asked = step.question
    assert asked is not None
    assert set(asked.choices) == set(RULES[asked.asks.rule].outcomes)
    assert 2 <= len(asked.choices) <= 4
    assert len(set(asked.choices.values())) == len(asked.choices)
    assert 0 < len(asked.after.split()) <= LONGEST_TEXT
    assert set(asked.hides) <= {pane.shot for pane in step.panes}


@each([(lesson, step) for lesson, step in STEPS if step.try_out])
def test_what_can_be_tried_out_can_be_asked_of_the_main_page(lesson: Lesson, step: Step) -> None:
    asked = reading_room(lesson, lesson.shots[step.try_out])
    assert asked["explainer"] in {method.key for method in EXPLAINERS}
    assert asked["case"] in {case.key for case in bundled_cases()}


def followed() -> None:
    """A page that does what the main page does with its address."""
    import streamlit as st  # runs in a script of its own

    from dashboard.services import address

    address.follow()
    st.json({key: str(value) for key, value in st.session_state.items()})


def test_the_main_page_gets_the_state_of_a_shot() -> None:
    lesson = lessons()["artifact-or-attack"]
    app = AppTest.from_function(followed, default_timeout=PATIENCE)
    for name, value in reading_room(lesson, lesson.shots["a"]).items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    state = app.session_state
    assert state["Perturbation method"] == "motion_blur"
    assert state["motion_blur severity"] == 5
    assert state["Explainer method"] == "grad_cam"
    assert state["goal"] == "Induce"
    assert state["model"] == "cxr_pneumonia"


def test_a_picture_handed_on_keeps_the_change_that_was_made_of_it() -> None:
    lesson = lessons()["defense-and-attacker"]
    asked = reading_room(lesson, lesson.shots["twin_transferred"])
    assert (asked["model"], asked["attack"], asked["epsilon"]) == ("cxr_pneumonia_robust", "pgd", "4")


def test_a_defense_the_attacker_did_not_know_is_said_to_be_unknown() -> None:
    lesson = lessons()["defense-and-attacker"]
    asked = {
        name: reading_room(lesson, lesson.shots[name]) for name in ("smoothed_transferred", "smoothed_attacked", "twin")
    }
    said = {name: (each.get("defense"), each.get("attacker")) for name, each in asked.items()}
    assert said == {
        "smoothed_transferred": ("total_variation", "unaware"),
        "smoothed_attacked": ("total_variation", None),
        "twin": (None, None),
    }


def picture(probability: float, heat: Floats | None = None, regions: Mapping[str, Mask] | None = None) -> Taken:
    """A shot without a change, flagged from 50 %."""
    values = np.array([probability], dtype=np.float32)
    prediction = Prediction(("finding",), values, values, np.array([0.5], dtype=np.float32))
    if heat is None:
        heat = np.zeros((10, 10), dtype=np.float32)
    shot = Shot("shot", f"Shot {probability}", "case", "model", "grad_cam")
    return Taken(
        shot=shot,
        pixels=np.zeros((1, 10, 10), dtype=np.float32),
        prediction=prediction,
        attribution=Attribution("grad_cam", {}, 0, 0, heat, signed=False, unit="logits", residual=None, seconds=0.0),
        change=None,
        geometry=Geometry((10, 10), (0, 0, 10, 10), 10),
        regions=regions or {},
        cautions=(),
        picture="",
    )


def outcome(rule: str, *shots: Taken, **options: str) -> str:
    names = [str(index) for index in range(len(shots))]
    found = check(Claim(rule, tuple(names), "", options), dict(zip(names, shots, strict=True)))
    assert found.outcome in RULES[rule].outcomes
    return found.outcome


def ramp(rows_first: bool) -> Floats:
    """(10, 10) with its strongest tenth in the last row, or in the last column."""
    heat = np.repeat(np.arange(10, dtype=np.float32)[:, None], 10, axis=1)
    return heat if rows_first else np.ascontiguousarray(heat.T)


def test_rules_on_decisions_know_the_answer() -> None:
    low, high, higher = picture(0.1), picture(0.8), picture(0.9)
    assert outcome("decision", low) == "passed"
    assert outcome("decision", high) == "flagged"
    assert outcome("flips", low, high) == "flips"
    assert outcome("flips", high, higher) == "holds"
    assert outcome("which_flips", low, high, high, higher) == "first"
    assert outcome("which_flips", high, higher, high, low) == "second"
    assert outcome("which_flips", low, high, high, low) == "both"
    assert outcome("which_flips", high, higher, low, low) == "neither"


def test_rules_on_maps_know_the_answer() -> None:
    rows, columns = picture(0.9, ramp(True)), picture(0.9, ramp(False))
    assert outcome("map_moves", rows, rows) == "stays"
    assert outcome("map_moves", rows, columns) == "moves"
    assert outcome("map_moves", rows, picture(0.9)) == "moves", "an empty map shares nothing"
    last_row, half = np.zeros((10, 10), dtype=np.bool_), np.zeros((10, 10), dtype=np.bool_)
    last_row[9], half[9, :5] = True, True
    inside = picture(0.9, ramp(True), {"row": last_row, "half": half, "rest": ~last_row})
    assert outcome("in_region", inside, region="row") == "mostly"
    assert outcome("in_region", inside, region="half") == "partly"
    assert outcome("in_region", inside, region="rest") == "hardly"
    assert outcome("stronger", picture(0.9, 3 * ramp(True)), rows) == "first"
    assert outcome("stronger", rows, picture(0.9, 3 * ramp(True))) == "second"
    assert outcome("stronger", rows, columns) == "alike"


def test_a_map_on_the_changed_pixels_is_found_there() -> None:
    clean, marked = picture(0.9, ramp(True)), picture(0.1, ramp(True))
    marked.pixels[:, 9] = 1.0
    assert outcome("in_change", marked, clean) == "mostly"
    assert outcome("in_change", dataclasses.replace(marked, pixels=np.flip(marked.pixels, 1)), clean) == "hardly"


@cache
def all_taken(key: str) -> Mapping[str, Taken]:
    done: dict[str, Taken] = {}
    for shot in lessons()[key].shots.values():
        done[shot.name] = take(shot, done, lambda share: None, Cancel(lambda: True))
    return done


@pytest.mark.slow
@each(STEPS)
def test_what_a_step_says_holds_live(lesson: Lesson, step: Step) -> None:
    taken = all_taken(lesson.key)
    for claim in claims_of(step):
        found = check(claim, taken)
        assert found.outcome == claim.outcome, found.words
    for pane in step.panes:
        if pane.part == "change":
            assert taken[pane.shot].change is not None


def stand_in(shot: Shot, taken: Mapping[str, Taken], report: Report, cancel: Cancel) -> Taken:
    """A shot at once: the attacked picture is not flagged, whatever the text says."""
    lungs = np.ones((10, 10), dtype=np.bool_)
    return dataclasses.replace(picture(0.9, ramp(True), {"lungs": lungs}), shot=shot)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No model is asked: all shots say 90 %."""
    monkeypatch.setattr(tours, "take", stand_in)


def test_the_overview_names_all_lessons_and_the_quiz() -> None:
    app = learn_page()
    text = shown(app)
    for lesson in lessons().values():
        assert lesson.summary.replace("'", "&#x27;") in text
    assert "Quiz with a score" in text


@pytest.mark.usefixtures("at_once")
def test_a_step_whose_claims_fail_says_so_in_place_of_its_text() -> None:
    lesson = lessons()["reading-a-map"]
    text = shown(settled(learn_page(lesson=lesson.key, step="4")))
    assert "the live results differ from what this step was written about" in text
    assert lesson.steps[3].text.strip() not in text


@pytest.mark.usefixtures("at_once")
def test_the_right_answer_is_that_of_the_live_result() -> None:
    lesson = lessons()["reading-a-map"]
    app = settled(learn_page(lesson=lesson.key, step="5"))
    app.button(key="lesson-choice-1").click().run()
    text = shown(app)
    assert "Not quite." in text, "no shot differs from another here, so the decision holds"
    assert "stays at 90&nbsp;%" in text
    assert "This is not the result that the lesson was written about." in text
    assert app.button(key="lesson-choice-2").label.startswith("✓")
    assert app.button(key="lesson-choice-1").disabled


@pytest.mark.usefixtures("at_once")
def test_next_and_back_move_and_stop_at_the_ends() -> None:
    lesson = lessons()["reading-a-map"]
    app = settled(learn_page(lesson=lesson.key))
    assert app.button(key="lesson-back").disabled
    app = settled(app.button(key="lesson-next").click().run())
    assert app.query_params["step"] == "2"
    assert lesson.steps[1].title in shown(app)
    assert app.button(key="lesson-back").disabled is False
    assert settled(learn_page(lesson=lesson.key, step="5")).button(key="lesson-next").disabled


@pytest.mark.usefixtures("at_once")
def test_in_presenter_mode_the_answer_waits_until_it_is_asked_for() -> None:
    lesson = lessons()["reading-a-map"]
    app = settled(learn_page(lesson=lesson.key, step="2", present="1"))
    app.button(key="lesson-choice-1").click().run()
    assert "lesson-reply" not in shown(app)
    app.button(key="lesson-choice-2").click().run()
    app.button(key="lesson-reveal").click().run()
    assert "lesson-reply" in shown(app)
    assert "lesson-reveal" not in [button.key for button in app.button]


def test_places_stay_within_the_lesson_and_leave_out_what_is_usual() -> None:
    assert Place("x", 9).moved(0, 5).step == 5
    assert Place("x", 1).moved(-1, 5).step == 1
    assert Place("x").parameters() == {"lesson": "x"}
    assert Place("x", 2, present=True).parameters() == {"lesson": "x", "step": "2", "present": "1"}


def test_an_answer_stays_as_it_was_told() -> None:
    answers = Answers()
    answers.pick(("x", 1), "flips")
    answers.show(("x", 1), "holds")
    answers.pick(("x", 1), "holds")
    assert answers.picked == {("x", 1): "flips"}
    assert answers.right("x") == 0


def test_cancel_stops_a_lesson_until_it_is_wanted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tours, "take", stand_in)
    lesson, held = lessons()["reading-a-map"], Tours()
    held.stop()
    held.of = lesson.key
    held.ask(lesson, lesson.steps[0], lambda: True)
    assert held.job is None
    held.resume()
    held.ask(lesson, lesson.steps[0], lambda: True)
    held.settle(PATIENCE)
    taken = held.results(lesson, lesson.steps[0])
    assert taken is not None
    assert set(taken) == {"sick"}


def test_what_comes_next_is_taken_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tours, "take", stand_in)
    lesson, held = lessons()["reading-a-map"], Tours()
    for _ in range(2):
        held.ask(lesson, lesson.steps[0], lambda: True)
        held.settle(PATIENCE)
    assert set(held.taken[lesson.key]) == {"sick", "gradient"}
