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

import torch
from torch import Tensor

from core.classifier import Classifier
from explainers._noise import SmoothGradParams, noisy_gradients
from explainers._registry import explainer


@explainer(
    name="SmoothGrad",
    signed=False,
    magnitude=True,
    unit="logits / full scale",
    reference="arXiv:1706.03825",
    passes=lambda params, _shape: params.samples,
    needs=("gradient",),
)
def smoothgrad(model: Classifier, x: Tensor, target: int, params: SmoothGradParams, rng: torch.Generator) -> Tensor:
    """x (1, C, h, w) -> |mean gradient of the logit| (h, w) over noisy copies, its largest value over the channels."""
    total = torch.zeros_like(x[0])
    for gradient in noisy_gradients(model, x, target, params, rng):
        total += gradient.sum(0)
    return (total / params.samples).abs().amax(0)
