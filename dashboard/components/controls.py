"""The forms of the main page: what disturbs the picture, and what explains the score."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.params import Params
from core.values import Direction
from dashboard.components.form import pick_method, pick_params
from explainers import EXPLAINERS
from perturbations import PERTURBATIONS, Threat

GOALS: dict[str, Direction | None] = {"Flip": None, "Hide": "hide", "Induce": "induce"}
HIGHEST_SEED = 2**31 - 1


@dataclass(frozen=True)
class Stress:
    """What disturbs the picture."""

    method: str
    params: Params
    direction: Direction | None
    seed: int


@dataclass(frozen=True)
class Explanation:
    """What explains the score."""

    method: str
    params: Params


def stress_form() -> Stress:
    """Perturbation, its parameters, its goal where it has one, and the seed."""
    _heading("Stress")
    method = pick_method("Perturbation", PERTURBATIONS, "pgd")
    direction = None
    if method.threat in {Threat.WHITE_BOX, Threat.BLACK_BOX}:
        goal = st.segmented_control(
            "Goal",
            list(GOALS),
            default="Flip",
            required=True,
            key="goal",
            persist_state="session",
            width="stretch",
            help="Flip the decision as it stands, hide the finding, or induce it.",
        )
        direction = GOALS[goal or "Flip"]
    params = pick_params(method)
    seed = st.number_input(
        "Seed",
        0,
        HIGHEST_SEED,
        0,
        key="seed",
        persist_state="session",
        help="Names the random choices; the same seed gives the same result.",
    )
    return Stress(method.key, params, direction, int(seed))


def explain_form() -> Explanation:
    """Explainer and its parameters."""
    _heading("Explain")
    method = pick_method("Explainer", EXPLAINERS, "grad_cam")
    return Explanation(method.key, pick_params(method))


def _heading(text: str) -> None:
    st.html(f'<h2 class="heading">{text}</h2>')
