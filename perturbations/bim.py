r"""**What it is.** The fast gradient sign method, repeated: from the clean picture on, every pixel moves by small steps
of a fixed number of gray levels, and is brought back whenever it is more than epsilon away. In the survey's terms: an
evasion attack; influence *exploratory* (the model is already deployed); knowledge *white-box*; specificity *targeted*;
violation *integrity* when it hides a finding (a false negative), *availability* when it induces one (a false positive).

**What it guarantees.** No pixel changes by more than epsilon, and the picture stays within black and white. Of all
pictures it passes through, it returns the one with the best logit for the goal. Nothing is left to chance, and pixels
that the model does not see stay as they are.

**When to distrust it.** It is projected gradient descent with neither random start nor restarts, and starts where a
model may have learned to flatten its gradient: failure proves nothing. With few steps that are small, steps times step
falls short of epsilon, and the range is not used; with steps as long as epsilon, it jumps from corner to corner. A
change below one gray level can be lost when the picture is saved in 8 bits; look at the three counts of success.

**Reference.** Kurakin, Goodfellow, Bengio 2017, *Adversarial examples in the physical world*,
[arXiv:1607.02533](https://arxiv.org/abs/1607.02533).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import param
from core.values import Goal
from perturbations._registry import Threat, perturbation
from perturbations._search import Aims, Cube, Range, search


@dataclass(frozen=True)
class BimParams(Aims, Range):
    """Size of the range and of the steps."""

    step: float = param(0.1, "Length of a step, in gray levels.", low=0.01, high=16, step=0.01, unit="/255")


@perturbation(
    name="Basic iterative method",
    threat=Threat.WHITE_BOX,
    norm="linf",
    reference="arXiv:1607.02533",
    iterative=True,
    passes=lambda params, shape: (params.steps + 1) * params.averaged,
    needs=("gradient",),
)
def bim(model: Classifier, x: Tensor, goal: Goal, params: BimParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same, in [0, 1] and within epsilon: for each image its best iterate."""
    ball = Cube(x, params.epsilon / 255)
    return search(model, ball, goal, [x], steps=params.steps, stride=params.step / 255, averaged=params.averaged)
