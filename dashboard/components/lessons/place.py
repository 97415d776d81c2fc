"""Where a reader is among the lessons, in the address of the page: a link can be sent, and "back" works.

?lesson=KEY&step=2&present=1
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from dashboard.components.links import page
from dashboard.services.address import UNAWARE
from dashboard.services.lessons import Lesson, Shot
from explainers import EXPLAINERS

LESSON, STEP, PRESENT = "lesson", "step", "present"
QUIZ = "which-one-was-altered"


@dataclass(frozen=True)
class Place:
    """A lesson, or the overview; a step, counted from 1; whether it is shown to a room."""

    lesson: str = ""
    step: int = 1
    present: bool = False

    def parameters(self) -> dict[str, str]:
        """As they stand in the address, without what is usual."""
        given = {LESSON: self.lesson, STEP: str(self.step) if self.step > 1 else "", PRESENT: "1" * self.present}
        return {name: text for name, text in given.items() if text}

    def moved(self, by: int, steps: int) -> Place:
        """By so many of this many steps, never past an end."""
        return replace(self, step=min(max(1, self.step + by), steps))


def asked_for() -> Place:
    """The place that was asked for; stated again, because a link within one page does not change the address."""
    asked = st.query_params
    step = asked.get(STEP, "1")
    place = Place(asked.get(LESSON, ""), int(step) if step.isdecimal() else 1, asked.get(PRESENT) == "1")
    go(place)
    return place


def go(place: Place) -> None:
    """Make this the place of the next run, and of the address."""
    st.query_params.from_dict(place.parameters())


def link_to(place: Place, label: str) -> None:
    """To a place among the lessons."""
    st.page_link(page("learn"), label=label, query_params=place.parameters())


def link_to_reading_room(lesson: Lesson, shot: Shot) -> None:
    """To the main page with what this shot shows."""
    st.page_link(page("look"), label="Open this in the reading room", query_params=reading_room(lesson, shot))


def reading_room(lesson: Lesson, shot: Shot) -> dict[str, str]:
    """The address, as in services.address, of the case, model, explainer, change and defense of a shot."""
    asked = {"case": shot.case, "model": shot.model, "explainer": EXPLAINERS[shot.explainer].key}
    asked |= {f"explainer.{name}": _text(value) for name, value in shot.explainer_params.items()}
    changed = shot
    while not changed.perturbation and changed.of:
        changed = lesson.shots[changed.of]
    if changed.perturbation:
        asked |= {"attack": changed.perturbation, "goal": changed.direction or "", "seed": str(changed.seed or "")}
        asked |= {name: _text(value) for name, value in changed.params.items()}
        asked["attacker"] = "" if changed.defense == shot.defense else UNAWARE
    asked["defense"] = shot.defense
    return {name: text for name, text in asked.items() if text}


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
