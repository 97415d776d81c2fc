"""What a detector is worth: how many attacks it catches at 5 % false alarms, also against an attacker who knows it.

What it compares with, where its threshold lies, and what it is judged on are pictures of different patients: of the
training, validation and test split. A clean test picture and its attacked twin are both in the test split, and
intervals draw both or none. Of an attack only pictures count whose right answer it turned wrong.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from core.classifier import Classifier
from core.params import Value
from core.progress import Report
from core.values import Floats, Mask, Score
from defenses.detectors import DETECTORS, Reference, detect, fit
from evaluation.defended import answered_rightly, attacked
from evaluation.evade import Evasion, evade
from evaluation.split import Split
from evaluation.stress import goals
from model_zoo.measures import Array, auroc, interval, rate_interval
from perturbations import PERTURBATIONS

Plan: TypeAlias = Mapping[str, Mapping[str, Value]]

CLEAN, KNOWING = "clean", "knowing"
FALSE_ALARMS = 0.05  # on validation pictures
ATTACKS: Plan = {"fgsm": {"epsilon": 1.0}, "pgd": {"epsilon": 1.0}, "square": {"epsilon": 1.0, "queries": 300}}
STANDARD = Evasion(epsilon=1.0, steps=20)
ARTIFACTS: Plan = {"gaussian_noise": {}, "motion_blur": {}, "jpeg": {}}


@dataclass(frozen=True, eq=False)
class Detection:
    """A detector on N test pictures: threshold, above which it gives alarm; scores {"clean", key of an artifact or an
    attack, "knowing": (N,)}; wrong {key of an attack, "knowing": (N,) whether a right answer was turned wrong}."""

    key: str
    threshold: float
    scores: Mapping[str, Array]
    wrong: Mapping[str, Mask]


@dataclass(frozen=True, eq=False)
class Detected:
    """All detectors on the same N pictures of groups (N,); attacks and artifacts {key: parameters}, and those of the
    attacker who knows the detector."""

    seed: int
    groups: Array
    attacks: Plan
    artifacts: Plan
    evasion: Evasion
    detections: tuple[Detection, ...]


def measure_detectors(
    model: Classifier,
    known: Floats,
    validation: Floats,
    test: Split,
    *,
    methods: Sequence[str] | None = None,
    attacks: Plan = ATTACKS,
    artifacts: Plan = ARTIFACTS,
    evasion: Evasion = STANDARD,
    seed: int = 0,
    report: Report | None = None,
) -> Detected:
    """Score test pictures as they are, under artifacts, and under attacks towards the answer opposite to their truth.

    known and validation are clean pictures (M, C, h, w) of other patients: what detectors compare with, and where their
    thresholds lie. methods are keys of detectors; by default all that can serve the model. Raises UnknownName and
    Unsupported for one that is not there or can't.
    """
    keys = [method.key for method in DETECTORS if method.unmet(model.offers) is None] if methods is None else methods
    for key in keys:
        DETECTORS[key].require(model.offers)
    reference = fit(model, known) if any(DETECTORS[key].fitted for key in keys) else None
    shown = {CLEAN: test.images}
    for name, params in {**artifacts, **attacks}.items():
        shown[name] = attacked(model, test.images, test.truth, name, PERTURBATIONS[name].params(**params), seed)
    right = answered_rightly(model, test.images, test.truth)
    wrong = {name: right & ~answered_rightly(model, shown[name], test.truth) for name in attacks}
    detections = []
    for done, key in enumerate(keys):
        if report is not None:
            report((done + 1) / (len(keys) + 1))
        threshold = float(np.quantile(detect(key, model, validation, reference, seed=seed), 1 - FALSE_ALARMS))
        versions = {**shown, KNOWING: _evading(key, model, test, reference, evasion, seed)}
        scores = {name: detect(key, model, images, reference, seed=seed + 1) for name, images in versions.items()}
        misled = {**wrong, KNOWING: right & ~answered_rightly(model, versions[KNOWING], test.truth)}
        detections.append(Detection(key, threshold, scores, misled))
    if report is not None:
        report(1.0)
    return Detected(seed, test.groups, attacks, artifacts, evasion, tuple(detections))


@dataclass(frozen=True)
class Caught:
    """What a detector makes of one attack: misled, the share of pictures whose right answer it turned wrong; auroc of
    the scores of those against the clean pictures; caught, the share of those above the threshold; unseen, the share of
    all pictures that were misled without an alarm."""

    misled: Score
    auroc: Score
    caught: Score
    unseen: Score


def false_alarms(found: Detected, detection: Detection) -> dict[str, Score]:
    """{"clean" or key of an artifact: share of pictures above the threshold}; artifacts are no attack."""
    names = (CLEAN, *found.artifacts)
    return {name: _rate(detection.scores[name] > detection.threshold, found.groups, "lower") for name in names}


def caught(found: Detected, detection: Detection) -> dict[str, Caught]:
    """{key of an attack or "knowing": what the detector makes of it}."""
    made = {}
    for name, wrong in detection.wrong.items():
        alarm = detection.scores[name] > detection.threshold
        made[name] = Caught(
            misled=_rate(wrong, found.groups, "lower"),
            auroc=_auroc(detection.scores[CLEAN], detection.scores[name][wrong], found.groups, found.groups[wrong]),
            caught=_rate(alarm[wrong], found.groups[wrong], "higher"),
            unseen=_rate(wrong & ~alarm, found.groups, "lower"),
        )
    return made


def roc(detection: Detection, attack: str) -> tuple[Array, Array]:
    """The curve under which caught() gives the area: shares (P,) of the clean pictures, and of those that the attack
    misled, from each threshold up; empty where it misled none."""
    clean, attacked = detection.scores[CLEAN], detection.scores[attack][detection.wrong[attack]]
    if not len(attacked):
        return np.empty(0), np.empty(0)
    thresholds = np.unique(np.concatenate([clean, attacked, [np.inf]]))[::-1, None]
    return (clean >= thresholds).mean(axis=1), (attacked >= thresholds).mean(axis=1)


def _evading(
    key: str, model: Classifier, test: Split, reference: Reference | None, evasion: Evasion, seed: int
) -> Floats:
    found = np.empty_like(test.images)
    for number, (members, goal) in enumerate(goals(test.truth)):
        found[members] = evade(key, model, test.images[members], goal, reference, evasion, seed=seed + number)
    return found


def _rate(values: Mask, groups: Array, better: Literal["higher", "lower"]) -> Score:
    rate = float(values.mean()) if len(values) else math.nan
    return Score(rate, "", better, rate_interval(values, groups), len(values))


def _auroc(clean: Array, attacked: Array, groups: Array, attacked_groups: Array) -> Score:
    scores, truth = np.concatenate([clean, attacked]), np.repeat([False, True], [len(clean), len(attacked)])
    both = np.concatenate([groups, attacked_groups])
    if not len(attacked):
        return Score(math.nan, "", "higher", None, 0)
    return Score(auroc(scores, truth), "", "higher", interval(auroc, scores, truth, both), len(attacked))
