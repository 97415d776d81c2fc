"""What all cells have in common, and what is needed to get the same cells again, in words."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from core.registry import Method
from dashboard.components.comparing.axes import Setup
from dashboard.components.comparing.cells import Cell
from dashboard.components.comparing.pickers import Side
from dashboard.components.words import settings
from dashboard.services.models import title
from dashboard.state import GOAL, params_of
from evaluation.words import finding, in_sentence


def fixed_in_words(setup: Setup, *sides: Side) -> None:
    """Draw what is the same in all cells, and what the sides do not offer."""
    facts = {
        "case": setup.entry.label,
        "model": title(setup.card),
        "explainer": setup.explainer.name,
        "perturbation": setup.perturbation.name,
    }
    varies = {side.axis.key for side in sides}
    same = [finding(setup.label), *(fact for key, fact in facts.items() if key not in varies)]
    if setup.attacks or "perturbation" in varies:
        same.append(f"goal {in_sentence(st.session_state.get(GOAL, 'Flip'))}")
    if where := _rectangle(setup):
        same.append(f"{where}, of other cases the whole" if "case" in varies else where)
    said = f"The same in all cells, as chosen on the Look page: {' · '.join(same)}."
    st.html(f'<p class="fixed">{escape(" ".join([said, *(side.withheld for side in sides)]))}</p>')


def _rectangle(setup: Setup) -> str:
    """What is done only inside the rectangle that was drawn on the case; empty where there is none."""
    request = setup.request()
    if request is None:
        return ""
    where = {"attack": request.attack_region, "explain": request.explain_region}
    limited = [what for what, region in where.items() if region]
    return f"{' and '.join(limited)} only inside the rectangle of {setup.entry.label}" if limited else ""


def recipe_of(cells: Sequence[Cell]) -> str:
    """The models with their operating points, the methods with their settings, and the seed."""
    requests = [cell.request for cell in cells if cell.request]
    models = dict.fromkeys(f"{request.model}, {request.point} point" for request in requests)
    methods: dict[str, Method] = {}
    for cell in cells:
        for method in (cell.setup.perturbation, cell.setup.explainer):
            methods[method.name] = method
    seeds = dict.fromkeys(f"seed {request.seed}" for request in requests)
    return " · ".join([*models, *map(_with_settings, methods.values()), *seeds])


def _with_settings(method: Method) -> str:
    chosen = settings(method, params_of(method).as_dict())
    return f"{method.name}: {chosen}" if chosen else method.name
