"""Guided tours with live results, and a quiz; presenter mode shows one pane in large type and obeys the keyboard."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboard.components.findings import caution_list
from dashboard.components.lessons import QUIZ, Answers, Place, asked_for, onward, overview, question, scene, step_text
from dashboard.components.presenter import presenter
from dashboard.components.progress import halted, progress
from dashboard.services.lessons import Lesson, Step, lessons
from dashboard.services.shots import Taken
from dashboard.services.tours import Tours
from dashboard.state import held, listening
from dashboard.views.quiz import quiz

SETTLE_SECONDS = 0.25  # what is ready by then needs no progress bar
PANE = "lesson pane"  # (place, which of its panes stands alone)
KEYS = {"ArrowLeft": "lesson-back", "ArrowRight": "lesson-next"}
PRESENTING_KEYS = {
    **KEYS,
    "PageUp": "lesson-back",
    "PageDown": "lesson-next",
    "ArrowUp": "lesson-pane-before",
    "ArrowDown": "lesson-pane-after",
    " ": "lesson-reveal",
    **{str(number): f"lesson-choice-{number}" for number in range(1, 5)},
}


def learn() -> None:
    """The page."""
    place = asked_for()
    lesson = lessons().get(place.lesson)
    if place.lesson == QUIZ:
        quiz()
    elif lesson is None:
        overview()
    else:
        _tour(lesson, place.moved(0, len(lesson.steps)))


def _tour(lesson: Lesson, place: Place) -> None:
    step, tours = lesson.steps[place.step - 1], held(Tours)
    tours.ask(lesson, step, listening())
    if tours.results(lesson, step) is None:
        tours.settle(SETTLE_SECONDS)
    taken = tours.results(lesson, step)
    told = step.question is None or (place.lesson, place.step) in held(Answers).shown
    hidden = () if told or step.question is None else step.question.hides
    with st.container(key="presenting" if place.present else "lesson", horizontal=True, gap="large"):
        words = st.container(key="lesson-words", width="stretch" if place.present else 400)
        live = st.container(key="lesson-live")
    with words:
        step_text(lesson, place, step, taken, told=told)
        if step.question is not None:
            question(place, step.question, taken)
        onward(lesson, place, step)
        alone = _pick_pane(place, step) if place.present else None
    with live:
        scene(lesson, step, taken, hidden, alone=alone)
        if taken is None:
            _why_not(tours)
        elif told:
            _cautions(step, taken)
    presenter(PRESENTING_KEYS if place.present else KEYS)


def _pick_pane(place: Place, step: Step) -> int:
    """Which pane stands alone, with buttons to the others; a step begins with its first."""
    at, index = st.session_state.get(PANE, (place, 0))
    index = index if at == place else 0
    if len(step.panes) > 1:
        with st.container(key="lesson-panes", horizontal=True, vertical_alignment="center"):
            st.html(f'<p class="lesson-count">Picture {index + 1} of {len(step.panes)} (arrow keys up and down)</p>')
            _pane_button("Picture before", "before", place, index - 1, len(step.panes))
            _pane_button("Next picture", "after", place, index + 1, len(step.panes))
    return index


def _pane_button(label: str, name: str, place: Place, index: int, panes: int) -> None:
    there = 0 <= index < panes
    st.button(label, key=f"lesson-pane-{name}", disabled=not there, on_click=_show_pane, args=(place, index))


def _show_pane(place: Place, index: int) -> None:
    st.session_state[PANE] = place, index


def _why_not(tours: Tours) -> None:
    if tours.job is not None:
        progress(tours.job, "Computing", tours.stop)
    elif tours.error is not None:
        halted(str(tours.error), "Try again", tours.resume)
    elif tours.stopped:
        halted("Canceled before it was finished.", "Run it after all", tours.resume)


def _cautions(step: Step, taken: Mapping[str, Taken]) -> None:
    found = {caution: None for pane in step.panes for caution in taken[pane.shot].cautions}
    if found:
        caution_list(list(found))
