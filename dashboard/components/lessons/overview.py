"""All lessons at a glance."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard.components.lessons.answers import Answers
from dashboard.components.lessons.place import QUIZ, Place, link_to
from dashboard.services.lessons import Lesson, lessons
from dashboard.state import held


def overview() -> None:
    """Draw a card for each lesson and one for the quiz."""
    with st.container(key="document"), st.container(key="lessons"):
        st.title("Learn", anchor=False)
        st.html(
            '<p class="lesson-lead">Short tours with live results: the models run while you read, and the answers to '
            "the questions are computed from what they say, here and now.</p>"
        )
        for number, lesson in enumerate(lessons().values(), start=1):
            with st.container(key=f"card lesson {lesson.key}", border=True):
                link_to(Place(lesson.key), f"{number}. {lesson.title}")
                st.html(f'<p class="purpose">{escape(lesson.summary)}</p><p class="kind">{_state(lesson)}</p>')
        with st.container(key="card lesson quiz", border=True):
            link_to(Place(QUIZ), "Which one was altered?")
            st.html(
                '<p class="purpose">Two pictures side by side, one of them altered. See how often you find it, and '
                'compare yourself with chance.</p><p class="kind">Quiz with a score</p>'
            )


def _state(lesson: Lesson) -> str:
    questions = sum(step.question is not None for step in lesson.steps)
    steps = f"{len(lesson.steps)} steps, {questions} questions"
    right = held(Answers).right(lesson.key)
    return f"{steps}, {right} answered right" if right else steps
