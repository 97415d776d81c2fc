"""The forms of the main page: what disturbs the picture, and what explains the score."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.params import Params, ParamSpec
from core.values import Direction
from dashboard.components.epsilon import is_epsilon
from dashboard.components.form import pick_method, pick_params
from dashboard.components.segments import pick_one
from dashboard.services.address import DIRECTIONS, GOALS, HIGHEST_SEED
from dashboard.state import ATTACK_HERE, EXPLAIN_HERE, GOAL, REGION, SEED
from explainers import EXPLAINERS
from perturbations import PERTURBATIONS, Threat


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


def stress_form() -> Stress:
    """Perturbation, its parameters, its goal where it has one, and the seed."""
    _heading("Stress")
    method = pick_method("Perturbation", PERTURBATIONS, "pgd")
    dial = st.container(key="dial")
    direction = None
    if method.threat in {Threat.WHITE_BOX, Threat.BLACK_BOX}:
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
    method = pick_method("Explainer", EXPLAINERS, "grad_cam")
    return Explanation(method.key, pick_params(method))


def region_form() -> tuple[bool, bool]:
    """Whether to attack and to explain only inside the rectangle that is drawn; the choice is there once one is."""
    if st.session_state.get(REGION) is None:
        return False, False
    with st.container(key="region"):
        st.html('<p class="muted">Only inside the rectangle:</p>')
        for key in (ATTACK_HERE, EXPLAIN_HERE):
            st.session_state.setdefault(key, key == ATTACK_HERE)
        attack = st.toggle("Attack", key=ATTACK_HERE, persist_state="session")
        explain = st.toggle("Explain", key=EXPLAIN_HERE, persist_state="session")
        st.button("Remove the rectangle", on_click=_forget_region)
    return attack, explain


def _forget_region() -> None:
    st.session_state[REGION] = None


def _heading(text: str) -> None:
    st.html(f'<h2 class="heading">{text}</h2>')
