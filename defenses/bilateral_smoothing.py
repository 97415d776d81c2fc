r"""**What it is.** Each pixel becomes a mean of its neighborhood in which those count most that are near and of similar
brightness: with weights $\exp(-d^2 / 2\sigma_s^2 - (x_i - x_j)^2 / 2\sigma_v^2)$. Small differences are evened out,
edges stay. In the survey's terms: *modifying the data*, feature squeezing by smoothing.

**What it guarantees.** Each value is a mean of its neighborhood, so the picture gets neither darker nor brighter than
it was. In a color picture the three channels of a pixel share their weights, so no new colors appear at edges.

**When to distrust it.** What it takes for noise is any difference smaller than its second width, also faint opacities
and the texture of a lesion. It has an exact gradient: an attacker who knows the defense aims through it, with changes
that are smooth or that follow the edges. Compare the knowing attacker with the unknowing one.

**Reference.** Tomasi, Manduchi 1998, *Bilateral filtering for gray and color images*,
[doi:10.1109/ICCV.1998.710815](https://doi.org/10.1109/ICCV.1998.710815). Smoothing as a defense: Xu, Evans, Qi 2018,
[arXiv:1704.01155](https://arxiv.org/abs/1704.01155).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from core.classifier import Classifier
from core.params import Params, param
from defenses._registry import Family, defense
from defenses._transforms import seen_through


@dataclass(frozen=True)
class BilateralSmoothingParams(Params):
    """Size of the neighborhood, and what counts as similar."""

    radius: int = param(2, "Pixels to each side that belong to the neighborhood.", low=1, high=4, step=1)
    space: float = param(1.5, "Distance at which a neighbor counts less.", low=0.5, high=8, step=0.5, unit=" px")
    value: float = param(
        20.0, "Difference of brightness at which a neighbor counts less.", low=1, high=255, step=1, unit="/255"
    )


@defense(name="Bilateral smoothing", family=Family.DATA, reference="doi:10.1109/ICCV.1998.710815")
def bilateral_smoothing(model: Classifier, params: BilateralSmoothingParams, rng: torch.Generator) -> Classifier:
    """The model on bilaterally filtered pictures; the gradient is that of the filter."""
    return seen_through(model, lambda x: smoothed(x, params.radius, params.space, params.value / 255))


def smoothed(x: Tensor, radius: int, space: float, value: float) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same, smoothed; space in pixels, value in the unit of x (root of the sum of squares
    over channels). Beyond the border its outermost pixels go on."""
    height, width = x.shape[2:]
    padded = functional.pad(x, (radius,) * 4, mode="replicate")
    total, weights = torch.zeros_like(x), torch.zeros_like(x[:, :1])
    for row in range(-radius, radius + 1):
        for column in range(-radius, radius + 1):
            neighbor = padded[:, :, radius + row : radius + row + height, radius + column : radius + column + width]
            apart = (neighbor - x).square().sum(dim=1, keepdim=True)
            near = math.exp(-(row**2 + column**2) / (2 * space**2))
            weight = near * torch.exp(-apart / (2 * value**2))
            total, weights = total + weight * neighbor, weights + weight
    return (total / weights).clamp(0, 1)
