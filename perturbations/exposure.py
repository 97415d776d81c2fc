r"""**What it is.** The picture as displayed gets lighter or darker, flatter or harder: $x' = \tfrac12 +
\text{contrast}\,(x - \tfrac12) + \text{brightness}$, cut off at black and white. On a radiograph this is another choice
of window level and width. A clinical artifact: in the survey's terms a shift between centers, devices and staff, no
attacker.

**What it guarantees.** The same parameters always give the same picture. No pixel becomes darker than another that was
darker before. At brightness 0 and contrast 1 nothing changes.

**When to distrust it.** It works on the displayed picture: detail that was already cut off does not come back, and a
film exposed with less radiation would also be noisier. Detectors with automatic processing hide wrong exposure instead
of showing it.

**Reference.** Hendrycks, Dietterich 2019, *Benchmarking neural network robustness to common corruptions and
perturbations*, [arXiv:1903.12261](https://arxiv.org/abs/1903.12261).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import Params, param
from core.values import Goal
from perturbations._registry import Threat, perturbation


@dataclass(frozen=True)
class ExposureParams(Params):
    """Change of brightness and contrast."""

    brightness: float = param(
        25.0, "Gray levels added to every pixel; negative is darker.", low=-128, high=128, step=1, unit="/255"
    )
    contrast: float = param(
        1.0, "Factor on the distance from mid-gray; below 1 is flatter.", low=0.2, high=3, step=0.05, unit="×"
    )


@perturbation(name="Exposure", threat=Threat.ARTIFACT, reference="arXiv:1903.12261")
def exposure(model: Classifier, x: Tensor, goal: Goal, params: ExposureParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same, re-exposed, in [0, 1]; model, goal and rng play no part."""
    return (0.5 + params.contrast * (x - 0.5) + params.brightness / 255).clamp(0, 1)
