"""Do maps point at the finding? Scores of place on outlined pictures, beside maps that know nothing.

Every method explains the finding of every picture, and each map gets the scores of explainers.metrics that need a
marked finding. They are kept picture by picture, so that methods and models are compared on the same pictures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.classifier import Classifier
from core.errors import Unsupported
from core.progress import Report
from core.values import Floats, Mask
from evaluation.marked import Marked
from explainers import EXPLAINERS, explain
from explainers.metrics import FREE_DRAWS, MEASURES, Question, central_blob, is_constant

Array: TypeAlias = npt.NDArray[Any]

SCORES = ("pointing_game", "mass_inside", "iou", "localization_auc")
RANDOM, CENTER = "random", "center"
CHEAP = 200


@dataclass(frozen=True, eq=False)
class Localization:
    """What was measured on a set of N outlined pictures: its name, groups (N,), how many pictures were left out as
    known to the model, flagged (N,) whether the model flags each, areas (N,) the share of what the model sees that the
    finding fills, and scores {method, "random" or "center": {measure: (N,)}}, nan where a map is the same everywhere or
    there is none."""

    name: str
    groups: Array
    left_out: int
    flagged: Mask
    areas: Array
    scores: Mapping[str, Mapping[str, Array]]

    @property
    def methods(self) -> list[str]:
        """The keys of the methods, without the maps that know nothing."""
        return [key for key in self.scores if key not in (RANDOM, CENTER)]


def cheap_methods(model: Classifier) -> list[str]:
    """Keys of the methods that serve this model with at most 200 images sent through it."""
    shape = model.card.input.channels, model.card.input.size, model.card.input.size
    return [
        method.key
        for method in EXPLAINERS
        if method.unmet(model.offers) is None and method.passes(method.params(), shape) <= CHEAP
    ]


def localize(
    model: Classifier,
    marked: Marked,
    methods: Sequence[str],
    *,
    seed: int = 0,
    report: Report | None = None,
) -> Localization:
    """Explain the first label of every marked picture by each method, with its own parameters; picture i has seed + i.

    Raises UnknownName and Unsupported for a method that is not there or can't serve the model.
    """
    for key in methods:
        EXPLAINERS[key].require(model.offers)
    scores = {key: {name: np.full(len(marked.images), np.nan) for name in SCORES} for key in (RANDOM, CENTER, *methods)}
    visible = torch.from_numpy(model.card.input.visible)
    for i, (pixels, mask) in enumerate(zip(marked.images, marked.masks, strict=True)):
        rng = torch.Generator().manual_seed(seed + i)
        draws = [torch.rand(mask.shape, generator=rng) for _ in range(FREE_DRAWS)]
        maps = {RANDOM: draws, CENTER: [central_blob(mask.shape[0])]}
        for key in methods:
            maps[key] = _explained(key, model, pixels, seed + i)
        for key, drawn in maps.items():
            for name in SCORES:
                values = [_score(name, model, pixels, heat * visible, mask, seed + i) for heat in drawn]
                scores[key][name][i] = np.mean(values) if values else math.nan
        if report is not None:
            report((i + 1) / len(marked.images))
    flagged = [bool(model.predict(pixels).positive[0]) for pixels in marked.images]
    areas = marked.masks.sum(axis=(1, 2)) / model.card.input.visible.sum()
    return Localization(marked.name, np.array(marked.groups), marked.left_out, np.array(flagged), areas, scores)


def _explained(key: str, model: Classifier, pixels: Floats, seed: int) -> list[Tensor]:
    """The map of a method, or nothing where it finds none for this picture."""
    try:
        return [EXPLAINERS[key].counted(torch.from_numpy(explain(key, model, pixels, 0, seed=seed).heat))]
    except Unsupported:
        return []


def _score(name: str, model: Classifier, pixels: Floats, heat: Tensor, mask: Mask, seed: int) -> float:
    measure, visible = MEASURES[name], torch.from_numpy(model.card.input.visible)
    if is_constant(heat[visible].numpy()):
        return math.nan
    x, region = torch.from_numpy(pixels)[None], torch.from_numpy(mask)
    question = Question(model, x, 0, heat, visible, region & visible, lambda *_: heat)
    return float(measure.function(question, measure.params(), torch.Generator().manual_seed(seed)).value)
