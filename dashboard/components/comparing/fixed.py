"""What all cells have in common, and what is needed to get the same cells again, in words."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from core.registry import Method
from dashboard.components.comparing.axes import Setup
from dashboard.components.comparing.cells import Cell
from dashboard.components.comparing.pickers import Side
from dashboard.components.words import settings, where
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
        "defense": setup.defense.name if setup.defense else "no defense",
    }
    varies = {side.axis.key for side in sides}
    same = [finding(setup.label), *(fact for key, fact in facts.items() if key not in varies)]
    if setup.perturbation.aims or "perturbation" in varies:
        same.append(f"goal {in_sentence(st.session_state.get(GOAL, 'Flip'))}")
    if part := _part(setup):
        same.append(f"{part}, of other cases the whole" if "case" in varies else part)
    said = f"The same in all cells, as chosen on the Look page: {' · '.join(same)}."
    st.html(f'<p class="fixed">{escape(" ".join([said, *(side.withheld for side in sides)]))}</p>')


def _part(setup: Setup) -> str:
    """What is done only in a part of the case; empty where nothing is."""
    request = setup.request()
    if request is None:
        return ""
    areas = {
        "attack": where(request.attack_region, outside=request.attack_outside),
        "explain": where(request.explain_region),
    }
    limited = [f"{what} only {area}" for what, area in areas.items() if area]
    return f"{' and '.join(limited)} of {setup.entry.label}" if limited else ""


def recipe_of(cells: Sequence[Cell]) -> str:
    """The models with their operating points, the methods with their settings, and the seed."""
    requests = [cell.request for cell in cells if cell.request]
    models = dict.fromkeys(f"{request.model}, {request.point} point" for request in requests)
    methods: dict[str, Method] = {}
    for cell in cells:
        for method in (cell.setup.perturbation, cell.setup.explainer, cell.setup.defense):
            if method is not None:
                methods[method.name] = method
    seeds = dict.fromkeys(f"seed {request.seed}" for request in requests)
    return " · ".join([*models, *map(_with_settings, methods.values()), *seeds])


def _with_settings(method: Method) -> str:
    chosen = settings(method, params_of(method).as_dict())
    return f"{method.name}: {chosen}" if chosen else method.name
