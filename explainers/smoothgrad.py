"""**What it is.** The gradient of the raw score (the logit) jumps from pixel to pixel. Here the image gets fresh
random noise many times, and the gradients are averaged: what stays is where the score reacts consistently. Drawn
without its sign.

**What it guarantees.** The same seed gives the same map. Four times the samples halve what the choice of the noise
leaves in the map.

**When to distrust it.** It explains the model on *noisy* images. If Gaussian noise of this size changes the score
much, the map belongs to another decision: lower the noise. A smooth map is no truer one, and like saliency it shows
sensitivity, not reasons.

**Reference.** Smilkov, Thorat, Kim, Viégas, Wattenberg 2017, *SmoothGrad: removing noise by adding noise*,
[arXiv:1706.03825](https://arxiv.org/abs/1706.03825).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.gradients import input_gradient
from core.params import Params, param
from explainers._registry import explainer

BATCH = 8


@dataclass(frozen=True)
class SmoothGradParams(Params):
    """Size and number of the noisy copies."""

    noise: float = param(
        5.0,
        "Standard deviation of the noise, as a share of the range of the image.",
        low=0,
        high=50,
        step=0.5,
        unit="%",
    )
    samples: int = param(32, "Noisy copies to average.", low=1, high=256, step=1)


@explainer(
    name="SmoothGrad",
    signed=False,
    unit="logits / full scale",
    reference="arXiv:1706.03825",
    passes=lambda params, _shape: params.samples,
    needs=("gradient",),
)
def smoothgrad(model: Classifier, x: Tensor, target: int, params: SmoothGradParams, rng: torch.Generator) -> Tensor:
    """x (1, C, h, w) -> |mean gradient of the logit| (h, w) over noisy copies, its largest value over the channels."""
    deviation = params.noise / 100 * (x.max() - x.min())
    total = torch.zeros_like(x[0])
    for first in range(0, params.samples, BATCH):
        count = min(BATCH, params.samples - first)
        noise = deviation * torch.randn((count, *x.shape[1:]), generator=rng)
        gradient, _ = input_gradient(model, (x + noise).clamp(0, 1), lambda logits: logits[:, target])
        total += gradient.sum(0)
    return (total / params.samples).abs().amax(0)
