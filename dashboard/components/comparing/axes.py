"""What a grid can vary, one entry each in AXES, and what a cell of it is made from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import streamlit as st

from core.values import MODALITIES, Modality, ModelCard
from dashboard.components.words import KINDS, THREATS, fitting
from dashboard.services.address import DIRECTIONS
from dashboard.services.cases import Entry, worklist_entries
from dashboard.services.finished import Request, Subject
from dashboard.services.models import models_for, offered, title
from dashboard.state import (
    ANYWAY,
    EXPLAIN_HERE,
    GOAL,
    KNOWS,
    REGION,
    REGION_OF,
    SEED,
    attacked_in,
    method_key,
    of_model,
    params_of,
    point_of,
)
from defenses import DEFENSES, DefenseMethod
from evaluation.suitability import NAMES
from evaluation.words import in_sentence
from explainers import EXPLAINERS, Explainer
from perturbations import PERTURBATIONS, PerturbationMethod

NONE = "none"


@dataclass(frozen=True, eq=False)
class Setup:
    """What one cell shows: a case, a model and a finding by its label, why, what disturbs the picture, and what stands
    before the model, if anything."""

    entry: Entry
    card: ModelCard
    label: str
    explainer: Explainer
    perturbation: PerturbationMethod
    defense: DefenseMethod | None = None

    @classmethod
    def known(cls, entry: Entry, card: ModelCard) -> Setup:
        """What the other pages of this session show of a case and a model."""
        state = st.session_state
        return cls(
            entry,
            card,
            card.labels[state.get(of_model(card.key, "finding"), 0)],
            EXPLAINERS[state.get(method_key(EXPLAINERS.kind), "grad_cam")],
            fitting(state.get(method_key(PERTURBATIONS.kind)), card.input.modality),
            _defense(state.get(method_key(DEFENSES.kind), "")),
        )

    def request(self) -> Request | None:
        """The comparison of this setup with the settings of this session; None where the model lacks the finding."""
        if self.label not in self.card.labels:
            return None
        state, card = st.session_state, self.card
        subject = Subject.of(self.entry.case)
        region = state.get(REGION) if state.get(REGION_OF) == self.entry.case.id else None
        place, outside = attacked_in(self.entry.case, region)
        return Request(
            subject=subject,
            model=card.key,
            point=point_of(card),
            anyway=(card.key, subject) in state.get(ANYWAY, ()),
            target=card.labels.index(self.label),
            explainer=self.explainer.key,
            explainer_params=params_of(self.explainer),
            perturbation=self.perturbation.key,
            perturbation_params=params_of(self.perturbation),
            direction=DIRECTIONS.get(state.get(GOAL, "")) if self.perturbation.aims else None,
            seed=state.get(SEED, 0),
            attack_region=place,
            explain_region=region if state.get(EXPLAIN_HERE, False) else None,
            defense=self.defense.key if self.defense else "",
            defense_params=params_of(self.defense) if self.defense else None,
            unaware=self.defense is not None and not state.get(KNOWS, True),
            attack_outside=outside,
        )


def _defense(key: str) -> DefenseMethod | None:
    return None if key in ("", NONE) else DEFENSES[key]


@dataclass(frozen=True)
class Offer:
    """What may stand on an axis, {key: name}, and a sentence on what may not; empty where all may."""

    names: Mapping[str, str]
    withheld: str = ""


@dataclass(frozen=True)
class Axis:
    """One thing that varies: offer says what it may be where pictures of one kind are compared, key_of what it is in a
    setup, brief names that in few words, and put makes another setup that differs in it alone."""

    key: str
    name: str
    offer: Callable[[Modality], Offer]
    key_of: Callable[[Setup], str]
    brief: Callable[[Setup], str]
    put: Callable[[Setup, str], Setup]


def modality_of(setup: Setup, axes: Iterable[Axis]) -> Modality:
    """The kind of picture a grid compares: that of the case where models vary, otherwise what the model reads."""
    varies = {axis.key for axis in axes}
    return setup.entry.case.modality if "model" in varies else setup.card.input.modality


def _offer_cases(modality: Modality) -> Offer:
    entries = worklist_entries()
    names = {entry.case.id: entry.label for entry in entries if entry.case.modality == modality}
    others = len(entries) - len(names)
    why = f"{others} cases are not offered: they are no {NAMES[modality]}, and a grid compares one kind of picture."
    return Offer(names, why if others else "")


def _put_case(setup: Setup, key: str) -> Setup:
    return replace(setup, entry={entry.case.id: entry for entry in worklist_entries()}[key])


def _offer_models(modality: Modality) -> Offer:
    known, fit = offered(), models_for(modality)
    others = {card.input.modality for key, card in known.items() if key not in fit}
    kinds = " and ".join(in_sentence(name) for kind, name in MODALITIES.items() if kind in others)
    why = f"Models of another kind ({kinds}) are not offered: they do not read {NAMES[modality]}."
    return Offer({key: title(known[key]) for key in fit}, why if kinds else "")


def _offer_perturbations(modality: Modality) -> Offer:
    fitting = [method for method in PERTURBATIONS if modality in method.modalities]
    in_order = sorted(fitting, key=lambda method: list(THREATS).index(method.threat))
    return Offer({method.key: method.name for method in in_order})


AXES = (
    Axis(
        key="case",
        name="Cases",
        offer=_offer_cases,
        key_of=lambda setup: setup.entry.case.id,
        brief=lambda setup: setup.entry.title.partition(":")[0],
        put=_put_case,
    ),
    Axis(
        key="model",
        name="Models",
        offer=_offer_models,
        key_of=lambda setup: setup.card.key,
        brief=lambda setup: KINDS[setup.card.role].partition(",")[0].capitalize(),
        put=lambda setup, key: replace(setup, card=offered()[key]),
    ),
    Axis(
        key="explainer",
        name="Explainers",
        offer=lambda modality: Offer({method.key: method.name for method in EXPLAINERS}),
        key_of=lambda setup: setup.explainer.key,
        brief=lambda setup: setup.explainer.name,
        put=lambda setup, key: replace(setup, explainer=EXPLAINERS[key]),
    ),
    Axis(
        key="perturbation",
        name="Perturbations",
        offer=_offer_perturbations,
        key_of=lambda setup: setup.perturbation.key,
        brief=lambda setup: setup.perturbation.name,
        put=lambda setup, key: replace(setup, perturbation=PERTURBATIONS[key]),
    ),
    Axis(
        key="defense",
        name="Defenses",
        offer=lambda modality: Offer({NONE: "No defense", **{method.key: method.name for method in DEFENSES}}),
        key_of=lambda setup: setup.defense.key if setup.defense else NONE,
        brief=lambda setup: setup.defense.name if setup.defense else "No defense",
        put=lambda setup, key: replace(setup, defense=_defense(key)),
    ),
)
