"""What SmoothGrad and its two other forms share: gradients at noisy copies of an image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.gradients import input_gradient
from core.params import Params, param

BATCH = 16


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


def noisy_gradients(
    model: Classifier, x: Tensor, target: int, params: SmoothGradParams, rng: torch.Generator
) -> Iterator[Tensor]:
    """x (1, C, h, w) -> gradients of the logit at params.samples noisy copies, in batches (n, C, h, w)."""
    deviation = params.noise / 100 * (x.max() - x.min())
    for first in range(0, params.samples, BATCH):
        count = min(BATCH, params.samples - first)
        noise = deviation * torch.randn((count, *x.shape[1:]), generator=rng)
        gradient, _ = input_gradient(model, (x + noise).clamp(0, 1), lambda logits: logits[:, target])
        yield gradient
