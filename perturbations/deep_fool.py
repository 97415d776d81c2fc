r"""**What it is.** A search for the smallest change that flips the decision. The model is taken for linear around the
picture, and the picture moves straight to where that linear model would change its mind; there the model is looked at
anew, until the decision has flipped: $x_{t+1} = x_t - (1 + \eta)\, f(x_t)\, \nabla f / \lVert\nabla f\rVert_2^2$, where
$f$ is how far the logit is from its threshold. In the survey's terms: an evasion attack; influence *exploratory* (the
model is already deployed); knowledge *white-box*; specificity *targeted*; violation *integrity* when it hides a finding
(a false negative), *availability* when it induces one (a false positive).

**What it guarantees.** The picture stays within black and white. It stops at the first picture on which the decision is
the one wanted: the change is no larger than it needs to be along this path, but no bound is promised beforehand. Where
the logit is linear in the pixels, and none of them is cut off at black or white, no smaller change flips the decision,
but for the share $\eta$ on top. A picture on which the goal is reached already stays as it is.

**When to distrust it.** What it finds is an upper bound: a shorter way may exist, and *Carlini-Wagner* often finds one.
The decision is only just flipped, so that rounding to 8 bits usually undoes it; look at the three counts of success. A
model whose gradient is masked makes the way long or leads nowhere.

**Reference.** Moosavi-Dezfooli, Fawzi, Frossard 2016, *DeepFool: a simple and accurate method to fool deep neural
networks*, [arXiv:1511.04599](https://arxiv.org/abs/1511.04599).
"""

from __future__ import annotations

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


@dataclass(frozen=True)
class DeepFoolParams(Params):
    """How far the search goes."""

    steps: int = param(50, "Steps at most.", low=1, high=200, step=1)
    overshoot: float = param(
        2.0, "How much further than to the border each step goes.", low=0, high=100, step=1, unit=" %"
    )


@perturbation(
    name="DeepFool",
    threat=Threat.WHITE_BOX,
    reference="arXiv:1511.04599",
    iterative=True,
    passes=lambda params, shape: params.steps + 1,
    needs=("gradient",),
)
def deep_fool(model: Classifier, x: Tensor, goal: Goal, params: DeepFoolParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same: for each image the iterate that reaches the goal, else that nearest to it."""
    missing = shortfall(model, goal)
    best, best_loss, iterate = x, torch.full((len(x),), torch.inf), x
    for _ in range(params.steps):
        gradient, logits = input_gradient(model, iterate, missing)
        best, best_loss = better(best, best_loss, iterate, goal.loss(logits))
        far = missing(logits).clamp(min=0)[:, None, None, None]
        length = lengths(gradient)
        following = (iterate - (1 + params.overshoot / 100) * far * (gradient / length) / length).clamp(0, 1)
        if torch.equal(following, iterate):
            return best
        iterate = following
    return better(best, best_loss, iterate, goal.loss(model(iterate)))[0]
