"""**What it is.** A square moves over the image; under it the picture is replaced by its blurred self, by its mean
color or by black, and the model is asked again. The map shows the drop of the raw score (the logit), averaged over all
squares that cover a pixel. Positive: the score leans on this region. Negative: this region held the score down.

**What it guarantees.** Every value is an experiment: the model really gave these scores. It needs no gradients and is
the same on every run.

**When to distrust it.** The model has never learned from covered pictures; part of the drop may be surprise at the
cover, so try another fill. Two regions that say the same stand in for each other: covering either alone drops nothing.
Nothing smaller than the square can be outlined.

**Reference.** Zeiler, Fergus 2013, *Visualizing and understanding convolutional networks*,
[arXiv:1311.2901](https://arxiv.org/abs/1311.2901).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import Params, param
from explainers._baselines import BASELINES, baseline_image
from explainers._registry import explainer

BATCH = 16


@dataclass(frozen=True)
class OcclusionParams(Params):
    """The square: how large, how it moves, what it shows."""

    window: float = param(15.0, "Side of the square, as a share of the image side.", low=4, high=50, step=1, unit="%")
    stride: float = param(50.0, "How far it moves, as a share of its side.", low=25, high=100, step=5, unit="%")
    fill: str = param("blurred", "What the covered part shows.", choices=BASELINES)

    def pixels(self, side: int) -> tuple[int, int]:
        """(window, stride) in pixels of an image of this side, at least 1."""
        window = max(1, round(self.window / 100 * side))
        return window, max(1, round(self.stride / 100 * window))


def _passes(params: OcclusionParams, shape: tuple[int, int, int]) -> int:
    window, stride = params.pixels(shape[1])
    return 1 + (math.ceil((shape[1] - window) / stride) + 1) ** 2


@explainer(name="Occlusion", signed=True, unit="logits", reference="arXiv:1311.2901", passes=_passes)
def occlusion(model: Classifier, x: Tensor, target: int, params: OcclusionParams, rng: torch.Generator) -> Tensor:
    """x (1, C, h, w) -> drop of the logit (h, w) when the surroundings of a pixel are covered, mean over squares."""
    from captum.attr import Occlusion  # brings matplotlib along: half a second that only this method needs

    channels = x.shape[1]
    window, stride = params.pixels(x.shape[2])
    drop: Tensor = Occlusion(lambda covered: model(covered)[:, target]).attribute(
        x,
        sliding_window_shapes=(channels, window, window),
        strides=(channels, stride, stride),
        baselines=baseline_image(params.fill, x),
        perturbations_per_eval=BATCH,
    )
    return drop[0, 0]
