"""What a defense is worth: the share answered rightly behind it, clean, under noise, and under two attackers.

The unknowing attacker attacks the undefended model, and his pictures are shown to the defended one. The knowing
attacker attacks the defended model: his gradient passes through what has none (BPDA), and where answers are drawn he
averages over draws (arXiv:1802.00420). He is judged by draws that he has not seen. Noise is as large as the change of
the unknowing attacker.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.classifier import Classifier
from core.params import Params, Value
from core.progress import Report
from core.values import Floats, Mask, Score
from defenses import DEFENSES, defend
from evaluation.benchmark import noisy
from evaluation.cautions import FEW_DRAWS
from evaluation.control import size_of
from evaluation.split import Split
from evaluation.stress import goals
from model_zoo.measures import Array, rate_interval
from perturbations import PERTURBATIONS, perturb_batch

NONE = "none"
ROWS = ("clean", "noise", "unknowing", "knowing")


@dataclass(frozen=True, eq=False)
class Defended:
    """What was measured on N pictures of groups (N,): the attack, its parameters and seed, and
    right {"none" or key of a defense: {row: (N,) whether it was answered rightly}}."""

    perturbation: str
    params: Mapping[str, Value]
    seed: int
    groups: Array
    right: Mapping[str, Mapping[str, Mask]]


def measure_defenses(
    model: Classifier,
    test: Split,
    perturbation: str,
    params: Params | None = None,
    *,
    methods: Sequence[str] | None = None,
    seed: int = 0,
    report: Report | None = None,
) -> Defended:
    """Attack each test picture towards the answer opposite to its truth.

    methods are keys of defenses, each with its own parameters; by default all that can serve the model. Raises
    UnknownName and Unsupported for one that is not there or can't.
    """
    params = PERTURBATIONS[perturbation].checked(params)
    keys = [method.key for method in DEFENSES if method.unmet(model.offers) is None] if methods is None else methods
    for key in keys:
        defend(key, model, seed=seed)  # what it needs is there, and whole
    images, truth = test.images, test.truth
    unknowing = attacked(model, images, truth, perturbation, params, seed)
    noise = np.empty_like(images)
    for members, goal in goals(truth):
        seeds = seed + 1 + members
        noise[members] = noisy(model, images[members], unknowing[members], goal, size_of(perturbation), seeds)
    shown = {"clean": images, "noise": noise, "unknowing": unknowing, "knowing": unknowing}
    right = {NONE: {row: answered_rightly(model, version, truth) for row, version in shown.items()}}
    for done, key in enumerate(keys):
        if report is not None:
            report((done + 1) / (len(keys) + 1))
        target, judge = (defend(key, model, seed=s) for s in (seed, seed + 1))
        shown["knowing"] = attacked(target, images, truth, perturbation, _averaging(key, model, params), seed)
        right[key] = {row: answered_rightly(judge, version, truth) for row, version in shown.items()}
    if report is not None:
        report(1.0)
    return Defended(perturbation, params.as_dict(), seed, test.groups, right)


def rates_of(found: Defended) -> dict[str, dict[str, Score]]:
    """{"none" or key of a defense: {row: share answered rightly, with n and its 95 % interval over groups}}."""
    return {
        key: {
            row: Score(float(right.mean()), "", "higher", rate_interval(right, found.groups), len(right))
            for row, right in rows.items()
        }
        for key, rows in found.right.items()
    }


def _averaging(key: str, model: Classifier, params: Params) -> Params:
    """The parameters of an attack on the model behind this defense: averaged over enough draws, if it can average."""
    method, spec = DEFENSES[key], model.card.input
    if not method.random or "averaged" not in params.as_dict():
        return params
    draws = math.ceil(FEW_DRAWS / method.passes(method.params(), (spec.channels, spec.size, spec.size)))
    return dataclasses.replace(params, averaged=max(draws, int(params.as_dict()["averaged"])))  # type: ignore[call-arg]


def attacked(model: Classifier, images: Floats, truth: Mask, key: str, params: Params, seed: int) -> Floats:
    """images (N, C, h, w), each changed by the method called key towards the answer opposite to its truth (N,)."""
    perturbed = np.empty_like(images)
    for number, (members, goal) in enumerate(goals(truth)):
        perturbed[members] = perturb_batch(key, model, images[members], goal, params, seed=seed + number)
    return perturbed


def answered_rightly(model: Classifier, images: Floats, truth: Mask) -> Mask:
    """(N,) whether the first label is flagged on images (N, C, h, w) where it is there (N,), and only there."""
    flagged = np.zeros(len(truth), dtype=np.bool_)
    for members, _ in goals(truth):
        flagged[members] = [prediction.positive[0] for prediction in model.predict_batch(images[members])]
    right: Mask = flagged == truth
    return right
