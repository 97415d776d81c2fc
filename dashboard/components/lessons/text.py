"""What stands beside the pictures of a step: its text, its question with the answer, and the way onward."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

from dashboard.components.lessons.answers import Answers
from dashboard.components.lessons.place import Place, go, link_to, link_to_reading_room
from dashboard.services.lessons import Lesson, Question, Step
from dashboard.services.rules import Found, check
from dashboard.services.shots import Taken
from dashboard.state import held

OTHERWISE = "Here the live results differ from what this step was written about, so its text is left out."


def step_text(lesson: Lesson, place: Place, step: Step, taken: Mapping[str, Taken] | None, *, told: bool) -> None:
    """Draw title and text; and what was measured, once taken is there and nothing is left to be guessed (told).

    Where the live results are not what the text says, that is said instead of the text.
    """
    found = [(claim, check(claim, taken)) for claim in step.expects] if taken else []
    differs = any(claim.outcome != live.outcome for claim, live in found)
    body = (
        f'<p class="message">{OTHERWISE}</p>' if differs else f'<p class="lesson-text">{escape(step.text.strip())}</p>'
    )
    st.html(
        f'<p class="lesson-count">{escape(lesson.title)} · step {place.step} of {len(lesson.steps)}</p>'
        f'<h1 class="lesson-title">{escape(step.title)}</h1>{body}'
    )
    if told and found:
        measured = "".join(f"<li>{_sentence(live)}</li>" for _, live in found)
        st.html(f'<p class="lesson-measured">Measured just now:</p><ul class="lesson-measured">{measured}</ul>')


def question(place: Place, asked: Question, taken: Mapping[str, Taken] | None) -> None:
    """Draw a question, its choices, and once it is answered the right answer with its numbers."""
    answers, at = held(Answers), (place.lesson, place.step)
    picked, told = answers.picked.get(at), at in answers.shown
    live = check(asked.asks, taken) if taken else None
    st.html(f'<p class="lesson-question" id="lesson-question">{escape(asked.text)}</p>')
    with st.container(key="lesson-choices"):
        for number, (outcome, words) in enumerate(asked.choices.items(), start=1):
            mark = ("✓ " if live and outcome == live.outcome else "✕ " if outcome == picked else "") if told else ""
            st.button(
                f"{mark}{number}. {words}",
                key=f"lesson-choice-{number}",
                type="primary" if outcome == picked else "secondary",
                disabled=live is None or told,
                width="stretch",
                on_click=_answer,
                args=(at, outcome, live, place.present),
            )
    if live is not None and not told and place.present:
        st.button("Show the answer (space)", key="lesson-reveal", on_click=answers.show, args=(at, live.outcome))
    if told and live is not None:
        _reply(asked, live, picked)


def onward(lesson: Lesson, place: Place, step: Step) -> None:
    """Draw the buttons to the steps before and after, and the links out of the lesson."""
    last = place.step == len(lesson.steps)
    with st.container(key="lesson-onward", horizontal=True, vertical_alignment="center"):
        st.button(
            "Back", key="lesson-back", disabled=place.step == 1, on_click=_move, args=(place, -1, len(lesson.steps))
        )
        st.button(
            "Next",
            key="lesson-next",
            type="secondary" if last else "primary",
            disabled=last,
            on_click=_move,
            args=(place, 1, len(lesson.steps)),
        )
        if not place.present and step.try_out:
            link_to_reading_room(lesson, lesson.shots[step.try_out])
    with st.container(key="lesson-out", horizontal=True, vertical_alignment="center"):
        link_to(Place(), "‹ All lessons")
        if place.present:
            link_to(Place(place.lesson, place.step), "Leave presenter mode")
        else:
            link_to(Place(place.lesson, place.step, present=True), "Present to a room")


def _answer(at: tuple[str, int], outcome: str, live: Found, present: bool) -> None:
    answers = held(Answers)
    answers.pick(at, outcome)
    if not present:
        answers.show(at, live.outcome)


def _move(place: Place, by: int, steps: int) -> None:
    go(place.moved(by, steps))


def _reply(asked: Question, live: Found, picked: str | None) -> None:
    verdict = "" if picked is None else "Right. " if picked == live.outcome else "Not quite. "
    expected = asked.asks.outcome == live.outcome
    after = escape(asked.after.strip()) if expected else "This is not the result that the lesson was written about."
    st.html(
        f'<div class="lesson-reply" role="status"><p><b>{verdict}{escape(asked.choices[live.outcome])}.</b> '
        f"{_sentence(live)}</p><p>{after}</p></div>"
    )


def _sentence(live: Found) -> str:
    words = live.words[:1].upper() + live.words[1:]
    return escape(words).replace(" %", "&nbsp;%")
