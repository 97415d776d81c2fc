"""What was measured of a model, as its page shows it: computed once for each card, then shared by all readers.

Every function takes the card, whose content is the key of the cache, and gives nothing where the evidence is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import streamlit as st
from scipy.special import expit

from core.values import ModelCard, Score
from dashboard.services.models import models
from evaluation.coverage import COVERAGES, conformal_of
from evaluation.masking import masking_signs
from model_zoo import curves, measures
from model_zoo.curves import Confusion, Curve, Reliability
from model_zoo.evidence import EXTERNAL, TEST, VALIDATION, Evidence, Stress, evidence_of
from model_zoo.robustness import Withstood, withstood
from perturbations import PERTURBATIONS, Threat

Array: TypeAlias = npt.NDArray[Any]

HEADLINE = ("pgd", 1.0)  # method and epsilon by which models are compared at a glance
OWN = (VALIDATION, TEST)


@dataclass(frozen=True, eq=False)
class Calibration:
    """Reliability diagram, expected calibration error and Brier score on the test split."""

    curve: Reliability
    ece: Score
    brier: Score


@dataclass(frozen=True)
class Covered:
    """At the coverage asked for, of the pictures of a set: shares with and without the finding whose answer held the
    truth, and the share on which the model can't tell."""

    pictures: str
    asked: float
    present: Score
    absent: Score
    unsure: Score


@dataclass(frozen=True)
class Kind:
    """Pictures of one kind before the detector of scope: the share that it refuses, and its AUROC against the model's
    own test pictures, None for those themselves."""

    name: str
    refused: Score
    auroc: Score | None


@dataclass(frozen=True)
class Planted:
    """Answers on the same pictures without and with the marker to which a model with a planted fault obeys."""

    method: str
    without: Confusion
    marked: Confusion


def evidence(card: ModelCard) -> Evidence | None:
    """The evidence of a model with one finding."""
    found = evidence_of(card.key)
    return found if found is not None and len(card.labels) == 1 and TEST in found.sets else None


def twin_of(card: ModelCard) -> ModelCard | None:
    """The model that this one was made for, or else the robust one made for it."""
    made = (other for other in models().values() if other.role == "robust" and other.twin == card.key)
    return models().get(card.twin) or next(made, None)


@st.cache_data(show_spinner=False)
def roc(card: ModelCard) -> Curve | None:
    """On the test split; None also where it holds one class only."""
    test = _set(card, TEST)
    return curves.roc(test[0], test[1], test[2]) if test and 0 < test[1].mean() < 1 else None


@st.cache_data(show_spinner=False)
def precision_recall(card: ModelCard) -> Curve | None:
    """On the test split."""
    test = _set(card, TEST)
    return curves.precision_recall(test[0], test[1], test[2]) if test and test[1].any() else None


@st.cache_data(show_spinner=False)
def answers(card: ModelCard, point: str, name: str = TEST) -> Confusion | None:
    """On the pictures of a set at an operating point."""
    given = _set(card, name)
    return curves.confusion(given[0] >= card.thresholds(point)[0], given[1], given[2]) if given else None


@st.cache_data(show_spinner=False)
def calibrations(card: ModelCard) -> tuple[Calibration, Calibration] | None:
    """Before calibration, without its shift and temperature, and after it."""
    found = evidence(card)
    if found is None:
        return None
    test = found.sets[TEST]

    def calibration(probabilities: Array) -> Calibration:
        around = measures.interval(measures.brier, probabilities, test.truth, test.groups)
        return Calibration(
            curves.reliability(probabilities, test.truth, test.groups),
            Score(measures.ece(probabilities, test.truth), better="lower", n=len(test.truth)),
            Score(measures.brier(probabilities, test.truth), "", "lower", around, len(test.truth)),
        )

    return calibration(expit(test.logits - found.shift)), calibration(expit(test.logits / card.scale))


@st.cache_data(show_spinner=False)
def attacked(card: ModelCard) -> tuple[Withstood, ...]:
    """Under each perturbation, at the default operating point, which the attacks aimed at."""
    found = evidence(card)
    return withstood(card, found) if found else ()


@st.cache_data(show_spinner=False)
def headline(card: ModelCard) -> Withstood | None:
    """Under the perturbation by which models are compared at a glance."""
    found = evidence(card)
    chosen = [
        stress
        for stress in (found.stress if found else ())
        if (stress.method, stress.params.get("epsilon")) == HEADLINE
    ]
    return withstood(card, replace(found, stress=tuple(chosen[:1])))[0] if found and chosen else None


def accuracies(card: ModelCard) -> dict[float, float]:
    """{epsilon: share answered rightly} under the attack of the headline, from 0, where nothing was changed."""
    found, (method, _) = evidence(card), HEADLINE
    under = [stress for stress in (found.stress if found else ()) if stress.method == method]
    if found is None or not under:
        return {}

    def accuracy(stress: Stress, logits: Array) -> float:
        called = expit(logits / card.scale) >= card.thresholds()[0]
        return measures.accuracy(called, found.sets[TEST].truth[stress.pictures])

    shares = {float(stress.params["epsilon"]): accuracy(stress, stress.perturbed) for stress in under}
    return {0.0: accuracy(under[0], under[0].clean)} | dict(sorted(shares.items()))


@st.cache_data(show_spinner=False)
def masking(card: ModelCard) -> tuple[str, ...] | None:
    """Signs that it hides its gradients; None where no attack without them was tried beside one with them."""
    found = evidence(card)
    return masking_signs(card, found) if found else None


@st.cache_data(show_spinner=False)
def planted(card: ModelCard) -> Planted | None:
    """Of a model with a planted fault."""
    found = evidence(card)
    if found is None or card.role != "backdoored":
        return None
    test = found.sets[TEST]

    def confusion(stress: Stress, logits: Array) -> Confusion:
        called = expit(logits / card.scale) >= card.thresholds()[0]
        return curves.confusion(called, test.truth[stress.pictures], test.groups[stress.pictures])

    for stress in found.stress:
        if PERTURBATIONS[stress.method].threat is Threat.POISONING:
            return Planted(stress.method, confusion(stress, stress.clean), confusion(stress, stress.perturbed))
    return None


@st.cache_data(show_spinner=False)
def coverages(card: ModelCard) -> tuple[Covered, ...]:
    """On the test split and on pictures from elsewhere, at each coverage that the validation pictures allow."""
    conformal = conformal_of(card)
    if conformal is None:
        return ()
    asked = [coverage for coverage in COVERAGES if coverage <= conformal.highest_coverage]
    made = []
    for name in (TEST, EXTERNAL):
        given = _set(card, name)
        for coverage in asked if given else ():
            probabilities, truth, groups = given
            absent, present = conformal.sets(probabilities, coverage)
            held = (_rate(present, truth, groups), _rate(absent, ~truth, groups))
            made.append(Covered(name, coverage, *held, _rate(absent & present, np.ones_like(truth), groups)))
    return tuple(made)


@st.cache_data(show_spinner=False)
def scope(card: ModelCard) -> tuple[Kind, ...]:
    """Each kind of pictures whose feature distance was measured, the model's own test split first."""
    found = evidence(card)
    if found is None or card.scope is None:
        return ()
    made = []
    for name, values in distances(card).items():
        groups = found.sets[name].groups if name in found.sets else np.arange(len(values))
        refused = _rate(values > card.scope, np.ones_like(values, dtype=np.bool_), groups)
        made.append(Kind(name, refused, card.results.get(f"scope_{name}")))
    return tuple(made)


def distances(card: ModelCard) -> Mapping[str, Array]:
    """{kind of pictures: feature distance of each}, without the validation split, on which the limit was set."""
    found = evidence(card)
    return {name: values for name, values in found.distances.items() if name != VALIDATION} if found else {}


def _set(card: ModelCard, name: str) -> Any:
    """(probabilities, truth, groups) of a set of pictures; None where it was not measured."""
    found = evidence(card)
    if found is None or name not in found.sets:
        return None
    outputs = found.sets[name]
    return expit(outputs.logits / card.scale), outputs.truth, outputs.groups


def _rate(right: Array, chosen: Array, groups: Array) -> Score:
    """The share of the chosen that are right."""
    share = measures.sensitivity(right, chosen)
    return Score(share, "", None, measures.rate_interval(right[chosen], groups[chosen]), int(chosen.sum()))
