"""Where maps point, as measured on outlined pictures: computed once for each model and set, then shared by all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.values import ModelCard
from dashboard.services.models import offered
from evaluation.localized import Row, localizations_of, rows_of, twins


@dataclass(frozen=True)
class Measured:
    """One model on one set: how many pictures, how many of them it flags, how many were left out as known to it, the
    median share of what it sees that the finding fills, and the rows of the table."""

    pictures: int
    flagged: int
    left_out: int
    area: float
    rows: tuple[Row, ...]


def measured_sets() -> dict[str, list[ModelCard]]:
    """{set of pictures: the models measured on it, standard ones first}."""
    made: dict[str, list[ModelCard]] = {}
    for card in offered().values():
        for name in _names(card):
            made.setdefault(name, []).append(card)
    return made


@st.cache_data(show_spinner=False)
def measured(card: ModelCard, name: str) -> Measured:
    """What was measured of a model on a set."""
    found = next(each for each in localizations_of(card) if each.name == name)
    flagged, area = found.flagged, float(np.median(found.areas))
    return Measured(len(flagged), int(flagged.sum()), found.left_out, area, tuple(rows_of(found)))


@st.cache_data(show_spinner=False)
def against_twin(card: ModelCard, twin: ModelCard, name: str) -> tuple[list[str], list[str]] | None:
    """Methods whose localization AUC is higher, and whose it is lower, with the robust twin of a model; None where the
    two were not given the same pictures."""
    standard, robust = (next(f for f in localizations_of(each) if f.name == name) for each in (card, twin))
    return twins(standard, robust)


@st.cache_data(show_spinner=False)
def _names(card: ModelCard) -> list[str]:
    return [found.name for found in localizations_of(card)]
