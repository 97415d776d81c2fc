"""What was measured of defenses and detectors of a model: computed once for each card, then shared by all readers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from core.values import ModelCard, Score
from evaluation.defended import Defended, rates_of
from evaluation.detect import Caught, Detected, caught, false_alarms, roc
from evaluation.kept import defenses_of, detectors_of
from model_zoo.measures import Array


@dataclass(frozen=True)
class Watched:
    """A detector by its key: false alarms {"clean" or artifact: share}, and for each attack what it makes of it and its
    ROC curve."""

    key: str
    alarms: Mapping[str, Score]
    caught: Mapping[str, Caught]
    curves: Mapping[str, tuple[Array, Array]]


@st.cache_data(show_spinner=False)
def behind_defenses(card: ModelCard) -> tuple[Defended, Mapping[str, Mapping[str, Score]]] | None:
    """What was measured, and {"none" or defense: {row: share of right answers}}; None where nothing was."""
    found = defenses_of(card)
    return None if found is None else (found, rates_of(found))


@st.cache_data(show_spinner=False)
def before_detectors(card: ModelCard) -> tuple[Detected, tuple[Watched, ...]] | None:
    """What was measured, and what each detector makes of it; None where nothing was."""
    found = detectors_of(card)
    if found is None:
        return None
    watched = (
        Watched(
            each.key,
            false_alarms(found, each),
            caught(found, each),
            {attack: roc(each, attack) for attack in each.wrong},
        )
        for each in found.detections
    )
    return found, tuple(watched)
