r"""**What it is.** A gradient attack without a gradient. In many random patterns $u$ each value of each pixel is raised
or lowered by the same small amount, each pattern is tried with both signs, and the scores tell which way the score
rises: $\hat g = \frac{1}{2\delta n}\sum_i \left(z(x+\delta u_i)-z(x-\delta u_i)\right)u_i$ (simultaneous perturbation
stochastic approximation). The picture moves along this estimate by Adam, whose step is long where the estimates agree
and short where they contradict each other. In the survey's terms: an evasion attack; influence *exploratory* (the model
is already deployed); knowledge *black-box*, though the score must be seen and not only the decision; specificity
*targeted*; violation *integrity* when it hides a finding (a false negative), *availability* when it induces one (a
false positive).

**What it guarantees.** No pixel changes by more than epsilon, and the picture stays within black and white. The model
is shown steps × (2 × pairs + 1) pictures, and of the pictures after each step the best is returned. No gradient is
used: hiding it is no defense, unless the score hides it too. It was proposed to unmask models that only hide it.

**When to distrust it.** Success is proof; failure is none. A picture has tens of thousands of values, and some hundred
queries tell little about the direction: it usually stays behind projected gradient descent by far. Raise pairs and
steps until the result no longer moves; the authors spent up to 8192 pictures on each of 100 steps. A probe that is too
small drowns in rounding where the score is coarse, one that is too large measures something else than the gradient. At
black and white trial changes are cut off, and the estimate is biased there.

**Reference.** Uesato, O'Donoghue, van den Oord, Kohli 2018, *Adversarial risk and the dangers of evaluating against
weak attacks*, [arXiv:1802.05666](https://arxiv.org/abs/1802.05666).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

import torch
from torch import Tensor

from core.classifier import Classifier
from core.values import Goal
from perturbations._estimated import EstimatedParams, descend
from perturbations._registry import Threat, perturbation

FIRST_DECAY, SECOND_DECAY, TINY = 0.9, 0.999, 1e-12


@dataclass(frozen=True)
class SpsaParams(EstimatedParams):
    """Size of the range, and what is spent on its search."""


@perturbation(
    name="SPSA",
    threat=Threat.BLACK_BOX,
    norm="linf",
    reference="arXiv:1802.05666",
    passes=lambda params, shape: params.queries,
)
def spsa(model: Classifier, x: Tensor, goal: Goal, params: SpsaParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same, in [0, 1] and within epsilon: for each image its best iterate."""
    steps, first, second = count(1), torch.zeros_like(x), torch.zeros_like(x)

    def move(gradient: Tensor) -> Tensor:
        step = next(steps)
        first.lerp_(gradient, 1 - FIRST_DECAY)
        second.lerp_(gradient.square(), 1 - SECOND_DECAY)
        return (first / (1 - FIRST_DECAY**step)) / ((second / (1 - SECOND_DECAY**step)).sqrt() + TINY)

    return descend(model, x, goal, params, lambda shape: 2.0 * torch.randint(2, shape, generator=rng) - 1, move)
