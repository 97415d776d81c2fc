"""The way of an attack, step by step: the picture, what the model says of it, and what that depends on."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from core.classifier import Classifier
from core.params import Params
from core.progress import Report
from core.values import Attribution, Floats, Mask, Perturbation
from evaluation.progress import part
from explainers import explain


@dataclass(frozen=True, eq=False)
class Moment:
    """One picture on the way: its index in way_of(); perturbed (C, h, w); probability of the finding, and whether it is
    flagged; its map."""

    index: int
    perturbed: Floats
    probability: float
    positive: bool
    attribution: Attribution


def steps_of(
    model: Classifier,
    perturbation: Perturbation,
    target: int,
    explainer: str,
    explainer_params: Params | None = None,
    *,
    most: int = 24,
    seed: int = 0,
    region: Mask | None = None,
    report: Report | None = None,
    cancel: threading.Event | None = None,
) -> tuple[Moment, ...]:
    """At most this many moments (at least 2) of the way, evenly spread, from the clean picture to the one returned.

    All maps share the seed, and are kept in region (h, w) where one is given. Steps after the best one are left out; of
    a method that keeps no trajectory there is only clean and perturbed. Raises what explain() raises.
    """
    pictures = way_of(perturbation)
    chosen = np.unique(np.linspace(0, len(pictures) - 1, min(most, len(pictures))).round().astype(int)).tolist()
    moments = []
    for done, index in enumerate(chosen):
        picture = pictures[index]
        prediction = model.predict(picture)
        attribution = explain(
            explainer,
            model,
            picture,
            target,
            explainer_params,
            seed=seed,
            region=region,
            report=part(report, done / len(chosen), 1 / len(chosen)),
            cancel=cancel,
        )
        probability, positive = float(prediction.probabilities[target]), bool(prediction.positive[target])
        moments.append(Moment(index, picture, probability, positive, attribution))
    return tuple(moments)


def way_of(perturbation: Perturbation) -> list[Floats]:
    """The clean picture (C, h, w), the iterates up to the best, and the picture that was returned, each once.

    Where the search starts at the clean picture, the indices are those of the trajectory, else one more.
    """
    way = [step.perturbed for step in perturbation.trajectory]
    if not way or not np.array_equal(way[0], perturbation.clean):
        way.insert(0, perturbation.clean)
    for index, picture in enumerate(way):
        if np.array_equal(picture, perturbation.perturbed):
            return way[: index + 1]
    return [*way, perturbation.perturbed]
