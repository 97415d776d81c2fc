"""Right and wrong answers at an operating point, here and on pictures from elsewhere."""

from __future__ import annotations

import streamlit as st

from core.values import ModelCard
from dashboard.components.frequencies import FEW, frequencies
from dashboard.components.glossary import GLOSSARY
from dashboard.components.message import literal, message
from dashboard.components.segments import pick_one
from dashboard.services import measured
from evaluation.words import finding, percent
from model_zoo.curves import Confusion
from model_zoo.evidence import EXTERNAL


def answers(card: ModelCard) -> None:
    """Natural frequencies at the operating point that the reader picks."""
    point = _pick_point(card)
    label = card.labels[0]
    st.caption(
        f"{point.capitalize()} point: flagged from {percent(card.thresholds(point)[0])}. {literal(card.test_split)}."
    )
    own, far = measured.answers(card, point), measured.answers(card, point, EXTERNAL)
    here, elsewhere = st.columns(2, gap="large")
    if own is not None:
        with here:
            frequencies("Own test split", label, own)
    with elsewhere:
        if far is None:
            message("It was not tried on pictures from elsewhere: expect it to do worse there.")
        else:
            frequencies("Pictures from elsewhere", label, far)
    if own is not None and far is not None:
        message(_drop(card, own, far))


def _pick_point(card: ModelCard) -> str:
    """The same choice as beside the prediction."""
    usual, *others = card.operating_points
    if not others:
        return usual
    return pick_one(
        "Operating point",
        [usual, *others],
        usual,
        format_func=str.capitalize,
        key=f"{card.key} operating point",
        persist_state="session",
        help=GLOSSARY["Operating point"],
    )


def _drop(card: ModelCard, own: Confusion, far: Confusion) -> str:
    """What changes on pictures from elsewhere, in one sentence."""
    label = finding(card.labels[0])
    parts = []
    for which, verb, here, there in (
        (f"with {label}", "flags", own.flagged_per_hundred, far.flagged_per_hundred),
        (f"without {label}", "wrongly flags", own.wrongly_flagged_per_hundred, far.wrongly_flagged_per_hundred),
    ):
        if min(here.n or 0, there.n or 0) >= FEW:
            more = round(there.value - here.value)
            change = f"{abs(more)} {'more' if more > 0 else 'fewer'}" if more else "equally many"
            parts.append(f"it {verb} {change} of 100 pictures {which}")
    area, far_area = card.results.get("auroc"), card.results.get(f"{EXTERNAL}_auroc")
    if area and far_area:
        parts.append(f"its AUROC is {far_area.value:.3f} instead of {area.value:.3f}")
    if not parts:
        return "There are too few pictures from elsewhere to say how much worse it does there."
    return f"On pictures from elsewhere {', '.join(parts)}."
