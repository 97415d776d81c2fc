"""What the reader chooses on the compare page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from core.values import Modality
from dashboard.components.comparing.axes import AXES, Axis, Setup, modality_of
from dashboard.components.segments import pick_one
from dashboard.state import COLUMNS, ROWS, on_axis

SHOWN, REFERENCE = "compare shown", "compare reference"  # one of SHOWABLE; the code of a cell
LAST = "compare axes"  # what rows and columns were, to swap them
MOST = 4
AT_FIRST = 2  # values of an axis before the reader chooses
FIRST_AXES = ("explainer", "model")

Shown = Literal["Perturbed", "Clean"]
SHOWABLE: tuple[Shown, ...] = ("Perturbed", "Clean")


@dataclass(frozen=True)
class Side:
    """An axis, what stands on it, {key: name}, and a sentence on what may not; empty where all may."""

    axis: Axis
    names: Mapping[str, str]
    withheld: str


def pick_sides(setup: Setup) -> tuple[Side, Side]:
    """Rows and columns: of each the axis, and up to MOST values."""
    rows, columns = _axes()
    modality = modality_of(setup, (rows, columns))
    names = {axis.key: axis.name for axis in AXES}
    sides = {}
    with st.container(key="compare-sides", horizontal=True, vertical_alignment="bottom", gap="small"):
        for label, key, axis in (("Rows", ROWS, rows), ("Columns", COLUMNS, columns)):
            with st.container(key=f"compare-{label.lower()}", horizontal=True, vertical_alignment="bottom", gap=None):
                st.selectbox(label, list(names), format_func=names.__getitem__, key=key, persist_state="session")
                sides[key] = _side(label, axis, setup, modality)
    return sides[ROWS], sides[COLUMNS]


def pick_shown() -> Shown:
    """Whether the cells show the perturbed pictures or the clean ones."""
    if st.session_state.get(SHOWN) not in SHOWABLE:
        st.session_state[SHOWN] = SHOWABLE[0]
    return pick_one("Pictures", SHOWABLE, SHOWABLE[0], key=SHOWN, persist_state="session")


def pick_reference(names: Mapping[str, str]) -> str:
    """The code of the cell, of these {code: name}, that the others are held against; by default the first."""
    if st.session_state.get(REFERENCE) not in names:
        st.session_state[REFERENCE] = next(iter(names))
    return str(
        st.selectbox(
            "Reference",
            list(names),
            format_func=names.__getitem__,
            key=REFERENCE,
            persist_state="session",
            width=300,
            help="The cell that the others are held against: marks, differences and rank correlations refer to it.",
        )
    )


def _axes() -> tuple[Axis, Axis]:
    """Never the same: an axis that is taken from the other side is swapped for the one that stood here."""
    axes, state = {axis.key: axis for axis in AXES}, st.session_state
    before = state.get(LAST, FIRST_AXES)
    rows, columns = (
        chosen if (chosen := state.get(key)) in axes else kept
        for key, kept in zip((ROWS, COLUMNS), before, strict=True)
    )
    if rows == columns:
        rows, columns = (rows, before[0]) if rows != before[0] else (before[1], columns)
    state[ROWS], state[COLUMNS] = state[LAST] = rows, columns
    return axes[rows], axes[columns]


def _side(label: str, axis: Axis, setup: Setup, modality: Modality) -> Side:
    offer, key = axis.offer(modality), on_axis(axis.key)
    names = offer.names
    chosen = st.session_state.get(key)
    if chosen is None or (chosen and not set(chosen) & set(names)):
        st.session_state[key] = _at_first(list(names), axis.key_of(setup))
    else:
        st.session_state[key] = [value for value in chosen if value in names][:MOST]
    st.multiselect(
        f"{label}, {axis.name.lower()}",
        list(names),
        format_func=names.__getitem__,
        key=key,
        max_selections=MOST,
        persist_state="session",
        label_visibility="collapsed",
        placeholder=f"Choose up to {MOST}",
    )
    return Side(axis, {value: names[value] for value in st.session_state[key]}, offer.withheld)


def _at_first(keys: Sequence[str], current: str) -> list[str]:
    """The current one and what follows it, around the end."""
    start = keys.index(current) if current in keys else 0
    return [*keys[start:], *keys[:start]][:AT_FIRST]
