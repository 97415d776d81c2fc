"""**What it is.** The gradient of the raw score (the logit) at every pixel, multiplied by how bright the pixel is.
Positive: as it is, this pixel pushes the score up. Negative: it pushes it down.

**What it guarantees.** It is the same on every run. If the score were a straight line all the way down to a black
image, every value would be the share of its pixel in the difference. For networks it is the first guess of that.

**When to distrust it.** Networks bend, so the values add up to nothing in particular. A black pixel can't count, though
darkness may be a sign, and bright pixels count for more: on chest X-rays bone and markers shine. It is as noisy as the
gradient. Integrated gradients follow the whole way from a baseline, and print how much is missing.

**Reference.** Shrikumar, Greenside, Shcherbina, Kundaje 2016, *Not just a black box: learning important features
through propagating activation differences*, [arXiv:1605.01713](https://arxiv.org/abs/1605.01713).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.gradients import input_gradient
from core.params import Params
from explainers._registry import explainer


@dataclass(frozen=True)
class InputXGradientParams(Params):
    """There is nothing to choose."""


@explainer(
    name="Input × gradient",
    signed=True,
    unit="logits",
    reference="arXiv:1605.01713",
    passes=lambda _params, _shape: 1,
    needs=("gradient",),
    several=True,
)
def input_x_gradient(
    model: Classifier, x: Tensor, target: int, params: InputXGradientParams, rng: torch.Generator
) -> Tensor:
    """x (N, C, h, w) -> x times the gradient of the logit (N, h, w), summed over the channels."""
    gradient, _ = input_gradient(model, x, lambda logits: logits[:, target])
    return (x * gradient).sum(1)
