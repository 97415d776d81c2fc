"""What is explained: a case, a model, a finding, and perhaps another finding that it is held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import streamlit as st

from core.params import Params
from core.registry import Method
from core.values import ModelCard
from dashboard.services.cases import Entry
from dashboard.services.explaining import Question
from dashboard.services.finished import Subject
from dashboard.state import ANYWAY, SEED, params_of, point_of
from evaluation.regions import Rectangle
from evaluation.words import finding
from explainers import Explainer


@dataclass(frozen=True, eq=False)
class Setup:
    """target and against are positions among the labels of the card; offers: what the model offers, see Classifier,
    None as long as it has not been loaded; refused: {method and settings: why these were found not to serve the
    model}; region: the only part of the case, in shares of it, that is explained."""

    entry: Entry
    card: ModelCard
    target: int
    against: int | None
    offers: frozenset[str] | None
    refused: Mapping[tuple[str, Params], str] = field(default_factory=dict)
    region: Rectangle | None = None

    @property
    def finding(self) -> str:
        """What is explained, in words."""
        versus = "" if self.against is None else f" rather than {finding(self.card.labels[self.against])}"
        return finding(self.card.labels[self.target]) + versus

    @property
    def label(self) -> str:
        """The label that is explained."""
        return self.card.labels[self.target]

    def question(self, method: Explainer) -> Question:
        """The map of a method with the settings of this session."""
        subject = Subject.of(self.entry.case)
        return Question(
            subject=subject,
            model=self.card.key,
            anyway=(self.card.key, subject) in st.session_state.get(ANYWAY, ()),
            target=self.target,
            against=self.against,
            method=method.key,
            params=params_of(method),
            seed=st.session_state.get(SEED, 0),
            region=self.region,
            point=point_of(self.card) if method.decides and self.against is None else "",
        )

    def why_not(self, method: Method) -> str | None:
        """Why a method can't serve the model, as far as that is known."""
        unmet = None if self.offers is None else method.unmet(self.offers)
        return unmet or self.refused.get((method.key, params_of(method)))
