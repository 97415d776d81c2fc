"""**What it is.** Each value is replaced by the median of its neighborhood before the model sees the picture: what
differs from its surroundings in single pixels goes, edges stay. In the survey's terms: *modifying the data*, feature
squeezing.

**What it guarantees.** No value is invented: each is one of its neighborhood, so the picture gets neither darker nor
brighter than it was. A single changed pixel in an even area leaves no trace.

**When to distrust it.** It removes what is fine, also microaneurysms, catheters and fine septal lines. A change that is
smooth over the neighborhood passes: an attacker who knows the defense makes such a change, since the median tells him
which pixel decides (its gradient is exact). Compare the knowing attacker with the unknowing one.

**Reference.** Xu, Evans, Qi 2018, *Feature squeezing: detecting adversarial examples in deep neural networks*,
[arXiv:1704.01155](https://arxiv.org/abs/1704.01155). Broken by attackers who know it: He, Wei, Chen, Carlini, Song
2017, [arXiv:1706.04701](https://arxiv.org/abs/1706.04701).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from core.classifier import Classifier
from core.params import Params, param
from defenses._registry import Family, defense
from defenses._transforms import seen_through


@dataclass(frozen=True)
class MedianSmoothingParams(Params):
    """Size of the neighborhood."""

    radius: int = param(
        1, "Pixels to each side that belong to the neighborhood: 1 is a square of 3 x 3.", low=1, high=3, step=1
    )


@defense(name="Median smoothing", family=Family.DATA, reference="arXiv:1704.01155")
def median_smoothing(model: Classifier, params: MedianSmoothingParams, rng: torch.Generator) -> Classifier:
    """The model on median-filtered pictures; the gradient is that of the median."""
    return seen_through(model, lambda x: smoothed(x, params.radius))


def smoothed(x: Tensor, radius: int) -> Tensor:
    """(N, C, h, w) -> the median of each square of 2 radius + 1 pixels; beyond the border its pixels go on."""
    side = 2 * radius + 1
    padded = functional.pad(x, (radius,) * 4, mode="replicate")
    return padded.unfold(2, side, 1).unfold(3, side, 1).flatten(-2).median(dim=-1).values
