"""**What it is.** Random noise with a bell-shaped distribution is added to every value of every pixel, as from the
electronics of a detector or camera. A clinical artifact: in the survey's terms instrument noise at data collection, no
attacker.

**What it guarantees.** The picture stays within black and white. The same seed gives the same noise. No largest change
is promised: a few pixels move by three or four times sigma.

**When to distrust it.** It is the same everywhere and unrelated between neighbors. Real noise of few photons is
stronger where the detector got less light or radiation, is smoothed by later processing, and is not cut off at black.

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
class GaussianNoiseParams(Params):
    """Size of the noise."""

    sigma: float = param(8.0, "Standard deviation, in gray levels.", low=0, high=64, step=0.5, unit="/255")


@perturbation(name="Gaussian noise", threat=Threat.ARTIFACT, reference="arXiv:1903.12261")
def gaussian_noise(
    model: Classifier, x: Tensor, goal: Goal, params: GaussianNoiseParams, rng: torch.Generator
) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same, noisy, in [0, 1]; model and goal play no part."""
    return (x + params.sigma / 255 * torch.randn(x.shape, generator=rng)).clamp(0, 1)
