r"""**What it is.** A patient search for the smallest change that flips the decision. It lowers a sum of two things, the
squared length of the change, and $c$ times the logits that are still missing for the decision,
$\lVert x' - x\rVert_2^2 + c\,\max(f(x') + \kappa, 0)$. The right $c$ is found by trial, smaller after success, larger
after failure; where to begin, and how long the steps are, follows from the distance at which the decision would flip if
the model were linear. Black and white are no walls, since the search runs in a space that has none:
$x' = (\tanh w + 1) / 2$. In the survey's terms: an evasion attack; influence *exploratory* (the model is already
deployed); knowledge *white-box*; specificity *targeted*; violation *integrity* when it hides a finding (a false
negative), *availability* when it induces one (a false positive).

**What it guarantees.** The picture stays within black and white. Of all pictures it passes through on which the
decision is the one wanted, with the confidence asked for, it returns the one with the smallest change in Euclidean
length, and if there is none, the one nearest to it. No bound is promised beforehand.

**When to distrust it.** What it finds is an upper bound, and depends on patience: more steps and more rounds find
smaller changes. The decision is only just flipped, so that rounding to 8 bits usually undoes it, unless a confidence is
asked for. A pixel that is quite black or white in the clean picture hardly moves. Defensive distillation, which had
passed for a remedy, was broken by this attack: a gradient scaled down to nearly nothing is still a direction.

**Reference.** Carlini, Wagner 2017, *Towards evaluating the robustness of neural networks*,
[arXiv:1608.04644](https://arxiv.org/abs/1608.04644).
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
from perturbations._search import better, lengths

INSIDE = 0.999999  # how far from gray to black or white a pixel may be, for it to have a finite w
FIRST_MEAN, SECOND_MEAN, SMALL = 0.9, 0.999, 1e-8  # of Adam
LARGEST = 1e10  # c to begin with, where the gradient is next to nothing


@dataclass(frozen=True)
class CarliniWagnerParams(Params):
    """How patiently to search."""

    rounds: int = param(3, "Values of c that are tried.", low=1, high=20, step=1)
    steps: int = param(100, "Gradient steps for each of them.", low=1, high=1000, step=1)
    step_size: float = param(
        1.0,
        "Length of the first step, in distances to where a linear model would flip; the others get shorter.",
        low=0.01,
        high=5,
        step=0.1,
        unit="×",
    )
    confidence: float = param(0.0, "How far beyond the threshold, in logits.", low=0, high=20, step=0.5)


@perturbation(
    name="Carlini-Wagner",
    threat=Threat.WHITE_BOX,
    reference="arXiv:1608.04644",
    passes=lambda params, shape: params.rounds * params.steps + 1,
    needs=("gradient",),
)
def carlini_wagner(
    model: Classifier, x: Tensor, goal: Goal, params: CarliniWagnerParams, rng: torch.Generator
) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same: for each image the smallest change found that reaches the goal, if any."""
    missing = shortfall(model, goal)

    def far(logits: Tensor) -> Tensor:
        return (missing(logits) + params.confidence).clamp(min=0)

    gradient, logits = input_gradient(model, x, far)
    nearest, nearest_loss = x, goal.loss(logits)
    smallest, smallest_size = x, torch.where(far(logits) > 0, torch.inf, 0.0)
    across = x[0].numel() ** 0.5  # from all black to all white
    distance = (far(logits)[:, None, None, None] / lengths(gradient)).clamp(max=across)
    rate = 2 * params.step_size * distance / across
    c = (4 * distance / lengths(gradient)).clamp(max=LARGEST)
    low, high = torch.zeros_like(c), torch.full_like(c, torch.inf)
    for _ in range(params.rounds):
        w = torch.atanh((2 * x - 1) * INSIDE)
        mean, square = torch.zeros_like(x), torch.zeros_like(x)
        reached = torch.zeros_like(c, dtype=torch.bool)
        for step in range(1, params.steps + 1):
            iterate = (torch.tanh(w) + 1) / 2
            gradient, logits = input_gradient(model, iterate, far)
            there, size = far(logits) == 0, (iterate - x).flatten(1).norm(dim=1)
            smallest, smallest_size = better(smallest, smallest_size, iterate, torch.where(there, size, torch.inf))
            nearest, nearest_loss = better(nearest, nearest_loss, iterate, goal.loss(logits))
            reached |= there[:, None, None, None]
            slope = (2 * (iterate - x) + c * gradient) * 2 * iterate * (1 - iterate)
            mean = FIRST_MEAN * mean + (1 - FIRST_MEAN) * slope
            square = SECOND_MEAN * square + (1 - SECOND_MEAN) * slope.square()
            course = mean / (1 - FIRST_MEAN**step) / ((square / (1 - SECOND_MEAN**step)).sqrt() + SMALL)
            w = w - rate * (1 + math.cos(math.pi * step / params.steps)) / 2 * course
        low, high = torch.where(reached, low, c), torch.where(reached, c, high)
        c = torch.where(high.isinf(), 10 * c, torch.where(low == 0, c / 10, (low * high).sqrt()))
    return torch.where(smallest_size.isinf()[:, None, None, None], nearest, smallest)
