"""The cases as a list of thumbnails, each with what the model said about it so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from core.values import MODALITIES, Prediction
from dashboard.components.inline import inline_component
from dashboard.components.words import shape
from dashboard.services.cases import Entry
from dashboard.state import CASE
from evaluation.words import percent

HERE = Path(__file__).parent
KEY = "worklist"


def worklist(entries: Sequence[Entry], marks: Mapping[str, Prediction], *, short: bool) -> None:
    """Draw the list; a click puts the id of the case under state.CASE. short leaves room for something below."""
    lines = [_line(entry, marks.get(entry.case.id)) for entry in entries]
    inline_component(HERE)(
        data={"lines": lines, "chosen": st.session_state[CASE], "short": short}, key=KEY, on_chosen_change=_choose
    )


def _choose() -> None:
    chosen = st.session_state[KEY].chosen
    if chosen:
        st.session_state[CASE] = chosen


def _line(entry: Entry, prediction: Prediction | None) -> dict[str, Any]:
    mark = said = ""
    if prediction is not None:
        mark = f"{_short(prediction.probabilities[0])} {shape(prediction, 0)}"
        said = f"{prediction.labels[0]} {percent(prediction.probabilities[0])}"
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
