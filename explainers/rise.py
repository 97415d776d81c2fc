"""**What it is.** The picture is shown again and again with a random half of it covered, in soft-edged patches. The map
shows how much higher than average the raw score (the logit) is when a pixel is seen. Positive: seeing this place raises
the score. Negative: it lowers it.

**What it guarantees.** Every value is a mean of scores that the model really gave, and needs nothing but scores. More
masks bring it closer to what all possible masks would give: four times as many halve the random speckle, which favors
no place. The same seed gives the same map.

**When to distrust it.** With few masks much of the map is chance: repeat it with another seed, and trust what stays. It
is as coarse as the patches. Half of the picture is always covered, and the model has never learned from such pictures;
try another fill. Two places that say the same stand in for each other, and both look weak.

**Reference.** Petsiuk, Das, Saenko 2018, *RISE: randomized input sampling for explanation of black-box models*,
[arXiv:1806.07421](https://arxiv.org/abs/1806.07421); drawn here less the mean score, so that zero means no effect.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from core.classifier import Classifier
from core.params import Params, param
from explainers._baselines import BASELINES, baseline_image
from explainers._registry import explainer

BATCH = 16
SEEN = 0.5
"""Chance of a patch to be seen."""


@dataclass(frozen=True)
class RiseParams(Params):
    """How many masks, how coarse, and what covers."""

    masks: int = param(1024, "Random masks to try.", low=BATCH, high=8192, step=BATCH)
    patches: int = param(8, "Patches along each side of the picture.", low=2, high=32, step=1)
    fill: str = param("blurred", "What the covered part shows.", choices=BASELINES)


@explainer(
    name="RISE",
    signed=True,
    unit="logits",
    reference="arXiv:1806.07421",
    passes=lambda params, _shape: params.masks,
)
def rise(model: Classifier, x: Tensor, target: int, params: RiseParams, rng: torch.Generator) -> Tensor:
    """x (1, C, h, w) -> mean logit when a pixel is seen, less the mean logit (h, w): the covariance of logit and mask,
    divided by SEEN. Dividing by masks - 1 makes the estimate unbiased."""
    baseline = baseline_image(params.fill, x)
    logit_sum, mask_sum, product_sum = (
        torch.zeros(shape, dtype=torch.float64) for shape in ((), x.shape[2:], x.shape[2:])
    )
    for first in range(0, params.masks, BATCH):
        masks = _masks(min(BATCH, params.masks - first), params.patches, x.shape[2:], rng)
        logits = model(torch.lerp(baseline, x, masks[:, None]))[:, target].double()
        logit_sum += logits.sum()
        mask_sum += masks.sum(0)
        product_sum += torch.tensordot(logits, masks.double(), dims=1)
    covariance = (product_sum - logit_sum * mask_sum / params.masks) / (params.masks - 1)
    return (covariance / SEEN).float()


def _masks(count: int, patches: int, shape: torch.Size, rng: torch.Generator) -> Tensor:
    """(count, h, w) in [0, 1]: random patches, enlarged smoothly, moved by up to one; the mean of a pixel is SEEN."""
    sides = [math.ceil(side / patches) for side in shape]
    seen = torch.rand((count, 1, patches + 1, patches + 1), generator=rng) < SEEN
    enlarged = [(patches + 1) * side for side in sides]
    smooth = functional.interpolate(seen.float(), size=enlarged, mode="bilinear", align_corners=False)[:, 0]
    down, across = (torch.randint(side, (count,), generator=rng).tolist() for side in sides)
    height, width = shape
    return torch.stack(
        [mask[top : top + height, left : left + width] for mask, top, left in zip(smooth, down, across, strict=True)]
    )
