"""The changes that mislead a model on many pictures, as its page shows them: read once for each card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from core.values import Direction, ModelCard
from dashboard.services import pictures
from evaluation.universal import Flips, flips_of
from model_zoo.universal import universal_of


@dataclass(frozen=True)
class Universal:
    """What they flip, and data URIs of the two: mid-gray where nothing changes, black and white where most does."""

    flips: tuple[Flips, ...]
    pictures: Mapping[Direction, str]


@st.cache_data(show_spinner=False)
def universal(card: ModelCard) -> Universal | None:
    """Of the model with this card; None where it has none, or nothing was measured."""
    read, flips = universal_of(card), flips_of(card)
    if read is None or not flips:
        return None
    hide, induce = (pictures.png((0.5 + 0.5 * change).transpose(1, 2, 0)) for change in read())
    return Universal(flips, {"hide": hide, "induce": induce})
