r"""**What it is.** One step against the gradient: every pixel moves by epsilon, up or down, whichever lowers (to hide)
or raises (to induce) the finding's logit: $x' = x \mp \epsilon\,\mathrm{sign}(\nabla_x z)$. In the survey's terms: an
evasion attack; influence *exploratory* (the model is already deployed); knowledge *white-box*; specificity *targeted*;
violation *integrity* when it hides a finding (a false negative), *availability* when it induces one (a false positive).

**What it guarantees.** No pixel changes by more than epsilon, and the picture stays within black and white. Where the
logit is linear in the pixels, no change of this size does more.

**When to distrust it.** When it fails, that says little: the network bends within epsilon, and a single step
overshoots. A model trained against single steps can resist this attack and still fall to *projected gradient descent*.
A change below one gray level can be lost when the picture is saved in 8 bits; look at the three counts of success.

**Reference.** Goodfellow, Shlens, Szegedy 2015, *Explaining and harnessing adversarial examples*,
[arXiv:1412.6572](https://arxiv.org/abs/1412.6572).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.gradients import input_gradient
from core.params import Params, param
from core.values import Goal
from perturbations._registry import Threat, perturbation


@dataclass(frozen=True)
class FgsmParams(Params):
    """Size of the step."""

    epsilon: float = param(1.0, "Change of every pixel, in gray levels.", low=0, high=16, step=0.05, unit="/255")


@perturbation(
    name="Fast gradient sign",
    threat=Threat.WHITE_BOX,
    norm="linf",
    reference="arXiv:1412.6572",
    passes=lambda params, shape: 1,
    needs=("gradient",),
)
def fgsm(model: Classifier, x: Tensor, goal: Goal, params: FgsmParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same, in [0, 1] and within epsilon."""
    gradient, _ = input_gradient(model, x, goal.loss)
    return (x - params.epsilon / 255 * gradient.sign()).clamp(0, 1)
