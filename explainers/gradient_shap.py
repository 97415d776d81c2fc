"""**What it is.** Integrated gradients compare the image with one baseline; here it is compared with many random images
without its content: noise, blurred copies of itself, even colors, or these in turn. On the way from each of
them to the image the gradients are taken at random points and averaged, each multiplied by how far its pixel moves.
Positive: this pixel raised the raw score (the logit). Negative: it lowered it.

**What it guarantees.** On average over many seeds, all values add up to the logit of the image minus the mean logit of
the images it is compared with; how far off this map is, is printed with it. The same seed gives the same map.

**When to distrust it.** It is meant to compare with the pictures that the model was trained on. They are not at hand
here, so the values say what sets this image apart from noise, blur and even colors, not from healthy patients. Another
background gives another map, and the model has never learned from such pictures. A large gap calls for more points.

**Reference.** Lundberg, Lee 2017, *A unified approach to interpreting model predictions*,
[arXiv:1705.07874](https://arxiv.org/abs/1705.07874); as *expected gradients*: Erion, Janizek, Sturmfels, Lundberg, Lee
2021, [arXiv:1906.10670](https://arxiv.org/abs/1906.10670).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.gradients import input_gradient
from core.params import Params, param
from explainers._baselines import BACKGROUNDS, random_images
from explainers._registry import explainer

BATCH = 16


@dataclass(frozen=True)
class GradientShapParams(Params):
    """What the image is compared with, and how often."""

    background: str = param("mixed", "The random images to compare with.", choices=BACKGROUNDS)
    images: int = param(9, "How many of them.", low=1, high=60, step=1)
    points: int = param(4, "Gradients on the way from each.", low=1, high=32, step=1)


def _baseline(x: Tensor, params: GradientShapParams, rng: torch.Generator) -> Tensor:
    return random_images(params.background, x, params.images, rng)


@explainer(
    name="Gradient SHAP",
    signed=True,
    unit="logits",
    reference="arXiv:1705.07874",
    passes=lambda params, _shape: params.images * params.points,
    baseline=_baseline,
    needs=("gradient",),
)
def gradient_shap(
    model: Classifier, x: Tensor, target: int, params: GradientShapParams, rng: torch.Generator
) -> Tensor:
    """x (1, C, h, w) -> contributions (h, w) to logit(x) - mean logit of the background, summed over the channels.

    Each way is cut into equal pieces, with one random point in each.
    """
    differences = (x - _baseline(x, params, rng)).repeat_interleave(params.points, dim=0)
    pieces = torch.arange(params.points).repeat(params.images)
    left = 1 - (pieces + torch.rand(len(pieces), generator=rng)) / params.points
    heat = torch.zeros_like(x[0, 0])
    for difference, share in zip(torch.split(differences, BATCH), torch.split(left, BATCH), strict=True):
        gradient, _ = input_gradient(model, x - share[:, None, None, None] * difference, lambda z: z[:, target])
        heat += (gradient * difference).sum((0, 1))
    return heat / len(pieces)
