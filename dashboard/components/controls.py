"""The forms of the main page: what disturbs the picture, and what explains the score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.params import Params, ParamSpec
from core.values import Case, Direction, Modality
from dashboard.components.epsilon import is_epsilon
from dashboard.components.form import pick_method, pick_params
from dashboard.components.method_text import about
from dashboard.components.picker import picker
from dashboard.components.segments import pick_one
from dashboard.components.words import THREATS, USUAL, fitting
from dashboard.services.address import DIRECTIONS, GOALS, HIGHEST_SEED
from dashboard.state import (
    ATTACK_HERE,
    EXPLAIN_HERE,
    GOAL,
    KNOWS,
    OUTSIDE,
    REGION,
    SEED,
    WHERE,
    attacked_in,
    method_key,
)
from defenses import DEFENSES
from evaluation.regions import BORDER, Place, Rectangle
from explainers import EXPLAINERS
from perturbations import PERTURBATIONS, PerturbationMethod

THREAT = "kind of change"


HERE = {ATTACK_HERE: "Attack", EXPLAIN_HERE: "Explain"}


@dataclass(frozen=True)
class Stress:
    """What disturbs the picture; epsilon is its largest change of any pixel, if that is a parameter, and dial the place
    where it is turned."""

    method: str
    params: Params
    direction: Direction | None
    seed: int
    epsilon: ParamSpec | None
    dial: DeltaGenerator


@dataclass(frozen=True)
class Explanation:
    """What explains the score."""

    method: str
    params: Params


@dataclass(frozen=True)
class Defense:
    """What stands before the model, with no method where nothing does; unaware: the attacker does not know of it."""

    method: str = ""
    params: Params | None = None
    unaware: bool = False


def stress_form(modality: Modality) -> Stress:
    """Perturbation, of those for this kind of picture, its parameters, its goal where it has one, and the seed."""
    _heading("Stress")
    method = _pick_perturbation(modality)
    dial = st.container(key="dial")
    direction = None
    if method.aims:
        goal = pick_one(
            "Goal",
            GOALS,
            GOALS[0],
            key=GOAL,
            persist_state="session",
            width="stretch",
            help="Flip the decision as it stands, hide the finding, or induce it.",
        )
        direction = DIRECTIONS[goal]
    params = pick_params(method)
    st.session_state.setdefault(SEED, 0)
    seed = st.number_input(
        "Seed",
        0,
        HIGHEST_SEED,
        key=SEED,
        persist_state="session",
        help="Names the random choices; the same seed gives the same result.",
    )
    epsilon = next(filter(is_epsilon, method.params.specs()), None)
    return Stress(method.key, params, direction, int(seed), epsilon, dial)


def explain_form() -> Explanation:
    """Explainer and its parameters."""
    _heading("Explain")
    method = pick_method(EXPLAINERS, "grad_cam")
    return Explanation(method.key, pick_params(method))


def defense_form() -> Defense:
    """Defense, its parameters, and whether the attacker knows of it."""
    _heading("Defend")
    state, picked = st.session_state, method_key(DEFENSES.kind)
    state.setdefault(picked, "")
    with st.container(key=f"pick {DEFENSES.kind}", horizontal=True, gap=None, vertical_alignment="center"):
        picker(
            DEFENSES.kind,
            ["", *(method.key for method in DEFENSES)],
            picked,
            format_func=lambda key: DEFENSES[key].name if key else "No defense",
        )
        key = state[picked]
        if key:
            about(DEFENSES[key])
    if not key:
        return Defense()
    params = pick_params(DEFENSES[key])
    state.setdefault(KNOWS, True)
    knows = st.toggle(
        "The attacker knows it",
        key=KNOWS,
        persist_state="session",
        help="Who knows the defense attacks the model together with it; where it draws at random, let the attack "
        "average over draws. Who does not know it attacks the model alone, and shows the result to both.",
    )
    return Defense(key, params, unaware=not knows)


def region_form(*keys: str) -> list[bool]:
    """Whether to do these things (keys of HERE) only inside the rectangle that is drawn; the choice is there once one
    is."""
    if st.session_state.get(REGION) is None:
        return [False for _ in keys]
    with st.container(key="region"):
        st.html('<p class="muted">Only inside the rectangle:</p>')
        for key in keys:
            st.session_state.setdefault(key, key == ATTACK_HERE)
        chosen = [st.toggle(HERE[key], key=key, persist_state="session") for key in keys]
        st.button("Remove the rectangle", on_click=_forget_region)
    return chosen


def where_form(case: Case, rectangle: Rectangle | None) -> tuple[Place | None, bool]:
    """The part of the case that may be changed, by name where the rectangle is not meant; or all but that part."""
    names = ["", *case.regions, BORDER]
    if st.session_state.get(WHERE) not in names:
        st.session_state[WHERE] = ""
    if rectangle is None or not st.session_state.get(ATTACK_HERE, True):
        st.selectbox(
            "Change only",
            names,
            format_func=lambda name: f"Change only the {name}" if name else "Change anywhere",
            key=WHERE,
            persist_state="session",
            label_visibility="collapsed",
        )
    place, _ = attacked_in(case, rectangle)
    if place is None:
        st.session_state[OUTSIDE] = False
    else:
        label = "Change all but the rectangle" if place is rectangle else "Change all but that"
        st.toggle(label, key=OUTSIDE, persist_state="session")
    return attacked_in(case, rectangle)


def _pick_perturbation(modality: Modality) -> PerturbationMethod:
    """First what stands behind the change, then the method."""
    state, key = st.session_state, method_key(PERTURBATIONS.kind)
    offered = [method for method in PERTURBATIONS if modality in method.modalities]
    method = fitting(state.get(key), modality)
    state[key], state[THREAT] = method.key, method.threat
    picker(
        "Kind of change",
        [kind for kind in THREATS if any(each.threat is kind for each in offered)],
        THREAT,
        partial(_take_usual, offered),
        format_func=THREATS.__getitem__,
    )
    return pick_method(PERTURBATIONS, method.key, [each for each in offered if each.threat is method.threat])


def _take_usual(offered: Sequence[PerturbationMethod]) -> None:
    threat = st.session_state[THREAT]
    if first := next((method.key for method in offered if method.threat is threat), None):
        st.session_state[method_key(PERTURBATIONS.kind)] = USUAL.get(threat, first)


def _forget_region() -> None:
    st.session_state[REGION] = None


def _heading(text: str) -> None:
    st.html(f'<h2 class="heading">{text}</h2>')
