"""The cases as a list of thumbnails, each with what the model said about it so far, or "?" where it is not asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from core.values import MODALITIES, Prediction
from dashboard.components.inline import inline_component
from dashboard.components.words import shape
from dashboard.services.cases import Entry
from dashboard.services.comparing import Mark
from dashboard.state import CASE, ORDER, begin_steps, new_steps, stepped
from evaluation.words import finding, percent

HERE = Path(__file__).parent
KEY = "worklist"


def worklist(
    entries: Sequence[Entry],
    marks: Mapping[str, Mark],
    flags: Mapping[str, Collection[str]],
    target: int,
    *,
    short: bool,
) -> None:
    """Draw the list, with what is said of one finding; a click puts the id of the case under state.CASE.

    flags {case: words} stand below the name; short leaves room for something below. What the reader filters and sorts
    is put under state.ORDER. Two buttons lead to the neighbors of the case, in that order.
    """
    lines = [_line(entry, marks.get(entry.case.id), flags.get(entry.case.id, ()), target) for entry in entries]
    inline_component(HERE)(
        data={
            "lines": lines,
            "kinds": list(MODALITIES.values()),
            "chosen": st.session_state[CASE],
            "order": st.session_state.get(ORDER),
            "short": short,
            "stepped": stepped(KEY),
        },
        key=KEY,
        on_chosen_change=_choose,
        on_order_change=_reorder,
        on_stepped_change=lambda: _step(entries),
    )
    begin_steps(KEY)


def step(by: int, entries: Sequence[Entry]) -> None:
    """Make a neighbor, as the reader sees these cases in the list, the current case, round the corner at the ends; the
    first that the list shows where the current one is filtered out."""
    known, here = [entry.case.id for entry in entries], st.session_state[CASE]
    ids = [case for case in st.session_state.get(ORDER, known) if case in known]
    if ids:
        st.session_state[CASE] = ids[(ids.index(here) + by) % len(ids)] if here in ids else ids[0]


def _choose() -> None:
    chosen = st.session_state[KEY].chosen
    if chosen:
        st.session_state[CASE] = chosen


def _reorder() -> None:
    if (order := st.session_state[KEY].order) is not None:
        st.session_state[ORDER] = order


def _step(entries: Sequence[Entry]) -> None:
    _reorder()  # one message may bring both
    if by := new_steps(KEY):
        step(by, entries)


def _line(entry: Entry, made: Mark | None, flags: Collection[str], target: int) -> dict[str, Any]:
    mark = said = ""
    kind = MODALITIES[entry.case.modality]
    probability = flagged = None
    if isinstance(made, Prediction):
        probability, flagged = float(made.probabilities[target]), bool(made.positive[target])
        mark = f"{_short(probability)} {shape(made, target)}"
        said = f"{finding(made.labels[target])} {percent(probability)}"
    elif made is not None:
        mark, said = "?", f"not for this model: {' '.join(objection.reason for objection in made)}"
    return {
        "id": entry.case.id,
        "kind": kind,
        "group": f"Uploads · {kind}" if entry.uploaded else kind,
        "label": entry.label,
        "mark": mark,
        "said": said,
        "probability": probability,
        "flagged": flagged,
        "refused": mark == "?",
        "flags": list(flags),
        "thumbnail": entry.thumbnail,
    }


def _short(probability: float) -> str:
    """ "over 99 %" -> ">99": a probability in the width of a list."""
    return percent(probability).replace("under ", "<").replace("over ", ">").removesuffix(" %")
