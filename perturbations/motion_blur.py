"""**What it is.** Patient, eye or hand-held camera moved in a straight line at even speed during the exposure: each
point is smeared evenly along that line. A clinical artifact: in the survey's terms environment noise at data
collection, no attacker.

**What it guarantees.** The same parameters always give the same picture. Brightness is moved, not added: an even area
stays as it is, and no pixel gets darker or brighter than its surroundings were. At a length of 1 nothing changes.

**When to distrust it.** Length counts pixels of the picture the model sees, which is smaller than the original. Real
motion is curved, uneven, and different for heart, ribs and skin. At the border the picture is continued with its
outermost pixels.

**Reference.** Hendrycks, Dietterich 2019, *Benchmarking neural network robustness to common corruptions and
perturbations*, [arXiv:1903.12261](https://arxiv.org/abs/1903.12261).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from core.classifier import Classifier
from core.params import Params, param
from core.values import Goal
from perturbations._registry import Threat, perturbation

MOMENTS_PER_PIXEL = 64


@dataclass(frozen=True)
class MotionBlurParams(Params):
    """Path of the motion."""

    length: float = param(7.0, "Length of the path in pixels of the model's input.", low=1, high=64, step=1, unit=" px")
    angle: float = param(0.0, "Direction, counterclockwise from horizontal.", low=0, high=180, step=5, unit="°")


@perturbation(name="Motion blur", threat=Threat.ARTIFACT, reference="arXiv:1903.12261")
def motion_blur(model: Classifier, x: Tensor, goal: Goal, params: MotionBlurParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same, blurred, in [0, 1]; model, goal and rng play no part."""
    kernel = _path(params.length, math.radians(params.angle)).to(x)
    radius = len(kernel) // 2
    padded = functional.pad(x, (radius,) * 4, mode="replicate")
    channels = x.shape[1]
    return functional.conv2d(padded, kernel.expand(channels, 1, -1, -1), groups=channels).clamp(0, 1)


def _path(length: float, angle: float) -> Tensor:
    """(2 r + 1, 2 r + 1) share of the exposure that a centered path of this length (pixels) spends in each pixel."""
    moments = round(length * MOMENTS_PER_PIXEL)
    way = ((torch.arange(moments, dtype=torch.float64) + 0.5) / moments - 0.5) * length
    rows, columns = (-way * math.sin(angle)).round().long(), (way * math.cos(angle)).round().long()
    radius = int(max(rows.abs().max(), columns.abs().max()))
    kernel = torch.zeros(2 * radius + 1, 2 * radius + 1, dtype=torch.float64)
    share = torch.full((moments,), 1 / moments, dtype=torch.float64)
    return kernel.index_put_((rows + radius, columns + radius), share, accumulate=True)
