"""What all cells have in common, and what is needed to get the same cells again, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

import streamlit as st

from core.registry import Method
from dashboard.components.comparing.axes import Setup
from dashboard.components.comparing.cells import Cell
from dashboard.components.comparing.pickers import Side
from dashboard.components.words import UNKNOWN, where
from dashboard.services.models import title
from dashboard.state import GOAL, KNOWS, WHERE, params_of
from evaluation.words import finding, in_sentence, settings


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
    if ("defense" in varies or setup.defense) and not st.session_state.get(KNOWS, True):
        same.append(UNKNOWN)
    same += _parts(setup, among_cases="case" in varies)
    said = f"The same in all cells, as chosen on the Look page: {' · '.join(same)}."
    st.html(f'<p class="fixed">{escape(" ".join([said, *(side.withheld for side in sides)]))}</p>')


def _parts(setup: Setup, *, among_cases: bool) -> Iterator[str]:
    """What is done only in a part of a case; a rectangle belongs to the one case on which it was drawn."""
    request = setup.request()
    if request is None:
        return
    for what, place, outside in (
        ("attack", request.attack_region, request.attack_outside),
        ("explain", request.explain_region, False),
    ):
        if place is not None:
            said = f"{what} only {where(place, outside=outside)}"
            if isinstance(place, str):
                yield f"{said}, where that is marked" if among_cases else said
            else:
                others = ", of other cases the whole" if among_cases and not st.session_state.get(WHERE) else ""
                yield f"{said} of {setup.entry.label}{others}"


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
