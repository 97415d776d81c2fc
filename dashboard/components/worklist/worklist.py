"""The cases as a list of thumbnails, each with what the model said about it so far, or "?" where it is not asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from core.values import MODALITIES
from dashboard.components.inline import inline_component
from dashboard.components.words import shape
from dashboard.services.cases import Entry
from dashboard.services.comparing import Mark
from dashboard.state import CASE
from evaluation.words import finding, percent

HERE = Path(__file__).parent
KEY = "worklist"


def worklist(entries: Sequence[Entry], marks: Mapping[str, Mark], target: int, *, short: bool) -> None:
    """Draw the list, with what is said of one finding; a click puts the id of the case under state.CASE. short leaves
    room for something below."""
    lines = [_line(entry, marks.get(entry.case.id), target) for entry in entries]
    inline_component(HERE)(
        data={"lines": lines, "chosen": st.session_state[CASE], "short": short}, key=KEY, on_chosen_change=_choose
    )


def _choose() -> None:
    chosen = st.session_state[KEY].chosen
    if chosen:
        st.session_state[CASE] = chosen


def _line(entry: Entry, made: Mark | None, target: int) -> dict[str, Any]:
    mark = said = ""
    if isinstance(made, tuple):
        mark, said = "?", f"not for this model: {' '.join(objection.reason for objection in made)}"
    elif made is not None:
        mark = f"{_short(made.probabilities[target])} {shape(made, target)}"
        said = f"{finding(made.labels[target])} {percent(made.probabilities[target])}"
    group = "Uploads" if entry.uploaded else MODALITIES[entry.case.modality]
    return {
        "id": entry.case.id,
        "group": group,
        "label": entry.label,
        "mark": mark,
        "said": said,
        "thumbnail": entry.thumbnail,
    }


def _short(probability: float) -> str:
    """ "over 99 %" -> ">99": a probability in the width of a list."""
    return percent(probability).replace("under ", "<").replace("over ", ">").removesuffix(" %")
