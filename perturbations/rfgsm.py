r"""**What it is.** The fast gradient sign method after a jump: every pixel first moves by a part of epsilon, up or down
at random, and then by the rest against the gradient found there: $x'' = x' \mp (\epsilon - \alpha)\,
\mathrm{sign}(\nabla_{x'} z)$. The jump leaves the spot where a model may have learned to flatten its gradient. In the
survey's terms: an evasion attack; influence *exploratory* (the model is already deployed); knowledge *white-box*;
specificity *targeted*; violation *integrity* when it hides a finding (a false negative), *availability* when it induces
one (a false positive).

**What it guarantees.** No pixel changes by more than epsilon, and the picture stays within black and white. The model
is asked once.

**When to distrust it.** A part of the jump goes the wrong way: where the logit is linear in the pixels, it does less
than the fast gradient sign method at the same epsilon. Where it does much more, the gradient at the clean picture is
masked. A single step says little when it fails: use *projected gradient descent*. Pixels that the model does not see
are changed as well.

**Reference.** Tramèr, Kurakin, Papernot, Goodfellow, Boneh, McDaniel 2018, *Ensemble adversarial training: attacks and
defenses*, [arXiv:1705.07204](https://arxiv.org/abs/1705.07204).
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
class RfgsmParams(Params):
    """Size of the jump and of the step."""

    epsilon: float = param(1.0, "Largest change of any pixel, in gray levels.", low=0, high=16, step=0.05, unit="/255")
    jump: float = param(50.0, "Share of epsilon that the random jump takes.", low=0, high=100, step=5, unit=" %")


@perturbation(
    name="Fast gradient sign, random start",
    threat=Threat.WHITE_BOX,
    norm="linf",
    reference="arXiv:1705.07204",
    passes=lambda params, shape: 1,
    needs=("gradient",),
)
def rfgsm(model: Classifier, x: Tensor, goal: Goal, params: RfgsmParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same, in [0, 1] and within epsilon."""
    epsilon = params.epsilon / 255
    jump = epsilon * params.jump / 100
    start = (x + jump * torch.randn(x.shape, generator=rng).sign()).clamp(0, 1)
    gradient, _ = input_gradient(model, start, goal.loss)
    return (start - (epsilon - jump) * gradient.sign()).clamp(0, 1)
