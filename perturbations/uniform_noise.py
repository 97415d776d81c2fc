"""**What it is.** Every value of every pixel moves by its own random amount, evenly spread between -epsilon and
+epsilon. Nobody aims: this is the control that stands beside each attack of the same epsilon. If noise of this size
changes as much as the attack does, the attack has shown nothing.

**What it guarantees.** No pixel changes by more than epsilon, and the picture stays within black and white. The same
seed gives the same noise.

**When to distrust it.** It has the largest change of an attack, not its energy: an attack that moves every pixel by the
full epsilon has 1.7 times its root mean square. Where the picture is black or white, half of the noise is cut off. One
seed is one draw; a rate needs many.

**Reference.** Random noise as the control of an attack: Fawzi, Moosavi-Dezfooli, Frossard 2016, *Robustness of
classifiers: from adversarial to random noise*, [arXiv:1608.08967](https://arxiv.org/abs/1608.08967).
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
class UniformNoiseParams(Params):
    """Size of the noise."""

    epsilon: float = param(1.0, "Largest change of any pixel, in gray levels.", low=0, high=255, step=0.05, unit="/255")


@perturbation(name="Uniform noise", threat=Threat.CONTROL, norm="linf", reference="arXiv:1608.08967")
def uniform_noise(model: Classifier, x: Tensor, goal: Goal, params: UniformNoiseParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same, in [0, 1] and within epsilon; model and goal play no part."""
    noise = 2 * torch.rand(x.shape, generator=rng) - 1
    return (x + params.epsilon / 255 * noise).clamp(0, 1)
