r"""**What it is.** A search for the smallest epsilon that flips the decision, in one run. The range is not given but
found: while the decision stands, epsilon grows by as much as a linear model would need; once it has flipped, epsilon
shrinks, a little less each time; and every step follows the gradient and is brought back to within epsilon. In the
survey's terms: an evasion attack; influence *exploratory* (the model is already deployed); knowledge *white-box*;
specificity *targeted*; violation *integrity* when it hides a finding (a false negative), *availability* when it induces
one (a false positive).

**What it guarantees.** The picture stays within black and white. Of all pictures it passes through on which the
decision is the one wanted, it returns the one whose largest change of any pixel is smallest, and if there is none, the
one nearest to it. No bound is promised beforehand.

**When to distrust it.** What it finds is an upper bound: more steps find less. The decision is only just flipped, so
that rounding to 8 bits usually undoes it; look at the three counts of success. For the curve of probability against
epsilon, and for an answer that a second attack can confirm, use the search for the smallest change, which runs any
attack with an epsilon again and again.

**Reference.** Pintor, Roli, Brendel, Biggio 2021, *Fast minimum-norm adversarial attacks through adaptive norm
constraints*, [arXiv:2102.12827](https://arxiv.org/abs/2102.12827).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.gradients import input_gradient
from core.params import Params, param
from core.values import Goal
from perturbations._decision import shortfall
from perturbations._registry import Threat, perturbation
from perturbations._search import TINY, better, lengths

LEAST = 0.01  # the last step, as a share of the first
LEAST_GAMMA = 0.001  # the last change of epsilon, as a share of it


@dataclass(frozen=True)
class FastMinimumNormParams(Params):
    """How finely to search."""

    steps: int = param(50, "Gradient steps.", low=1, high=1000, step=1)
    stride: float = param(
        8.0,
        "Root mean square of the first step, in gray levels; the steps get shorter.",
        low=0.01,
        high=16,
        step=0.05,
        unit="/255",
    )
    gamma: float = param(5.0, "Share by which epsilon changes at first.", low=0.1, high=50, step=0.5, unit=" %")


@perturbation(
    name="Fast minimum norm",
    threat=Threat.WHITE_BOX,
    reference="arXiv:2102.12827",
    iterative=True,
    passes=lambda params, shape: params.steps,
    needs=("gradient",),
)
def fast_minimum_norm(
    model: Classifier, x: Tensor, goal: Goal, params: FastMinimumNormParams, rng: torch.Generator
) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same: for each image the smallest change found that reaches the goal, if any."""
    missing = shortfall(model, goal)
    stride = params.stride / 255 * x[0].numel() ** 0.5
    smallest, smallest_size = x, torch.full((len(x),), torch.inf)
    nearest, nearest_loss = x, torch.full((len(x),), torch.inf)
    iterate, epsilon = x, torch.full((len(x),), torch.inf)
    for step in range(params.steps):
        gradient, logits = input_gradient(model, iterate, missing)
        size, far = (iterate - x).flatten(1).abs().amax(dim=1), missing(logits)
        smallest, smallest_size = better(smallest, smallest_size, iterate, torch.where(far <= 0, size, torch.inf))
        nearest, nearest_loss = better(nearest, nearest_loss, iterate, goal.loss(logits))
        annealed = (1 + math.cos(math.pi * step / params.steps)) / 2
        gamma = LEAST_GAMMA + (params.gamma / 100 - LEAST_GAMMA) * annealed
        needed = size + far / gradient.flatten(1).abs().sum(dim=1).clamp(min=TINY)
        wider = torch.where(smallest_size.isinf(), needed, epsilon * (1 + gamma))
        epsilon = torch.where(far <= 0, torch.minimum(epsilon * (1 - gamma), smallest_size), wider)
        length = stride * (LEAST + (1 - LEAST) * annealed)
        bound = epsilon[:, None, None, None]
        moved = iterate - length * gradient / lengths(gradient)
        iterate = (x + (moved - x).clamp(-bound, bound)).clamp(0, 1)
    return torch.where(smallest_size.isinf()[:, None, None, None], nearest, smallest)
