"""**What it is.** A random search that sees only the model's answers. It starts from vertical stripes: each column of
each channel is raised or lowered by epsilon, at random. Then it paints one square after another at a random place, each
channel all raised or all lowered, and keeps a square only if the answer comes nearer to the goal. The squares shrink as
the search goes on. In the survey's terms: an evasion attack; influence *exploratory* (the model is already deployed);
knowledge *black-box*, though the score must be seen and not only the decision; specificity *targeted*; violation
*integrity* when it hides a finding (a false negative), *availability* when it induces one (a false positive).

**What it guarantees.** No pixel changes by more than epsilon, and the picture stays within black and white. The model
is shown exactly as many pictures as queries says, and the one with the best logit for the goal is returned. No gradient
is used: hiding it is no defense, and any model will do that gives a score.

**When to distrust it.** Success is proof; failure is none. Without gradients the search is slow, and it usually stays
behind projected gradient descent at the same epsilon: a model is no more robust than the better of the two attacks
says. Where this one does better, distrust the gradients. Before calling a model robust, raise queries until the result
no longer moves, and try other seeds. The clean picture is not among those it chooses from, so very few queries can do
worse than none. Pixels that the model does not see are changed as well.

**Reference.** Andriushchenko, Croce, Flammarion, Hein 2020, *Square Attack: a query-efficient black-box adversarial
attack via random search*, [arXiv:1912.00049](https://arxiv.org/abs/1912.00049).
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import Params, param
from core.values import Goal
from perturbations._registry import Threat, perturbation

HALVINGS = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)  # of the area of a square, after these of 10000 queries


@dataclass(frozen=True)
class SquareParams(Params):
    """Size of the range and how thoroughly it is searched."""

    epsilon: float = param(1.0, "Largest change of any pixel, in gray levels.", low=0, high=16, step=0.05, unit="/255")
    queries: int = param(1000, "Pictures that are shown to the model.", low=1, high=10000, step=1)
    p_init: float = param(0.8, "Share of the picture that the first squares cover.", low=0.01, high=1, step=0.01)


@perturbation(
    name="Square attack",
    threat=Threat.BLACK_BOX,
    norm="linf",
    reference="arXiv:1912.00049",
    passes=lambda params, shape: params.queries,
)
def square(model: Classifier, x: Tensor, goal: Goal, params: SquareParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same, in [0, 1] and within epsilon: for each image the best one shown.

    Each image has its own squares; those of one query have the same side. As in the authors' program, no query is spent
    on a square that is there already: the opposite one is painted.
    """
    n, channels, height, width = x.shape
    epsilon = params.epsilon / 255
    low, high = (x - epsilon).clamp(min=0), (x + epsilon).clamp(max=1)
    raised = _coins((n, channels, 1, width), rng).expand(x.shape)
    best_loss = goal.loss(model(torch.where(raised, high, low)))
    for query in range(1, params.queries):
        side = max(1, round((_share(params, query) * height * width) ** 0.5))
        inside = _stretches(n, height, side, rng)[:, None, :, None] & _stretches(n, width, side, rng)[:, None, None, :]
        paint = _coins((n, channels, 1, 1), rng)
        there = (~inside | (raised == paint)).flatten(1).all(dim=1)
        candidate = torch.where(inside, paint ^ there[:, None, None, None], raised)
        loss = goal.loss(model(torch.where(candidate, high, low)))
        improved = loss < best_loss
        raised = torch.where(improved[:, None, None, None], candidate, raised)
        best_loss = torch.where(improved, loss, best_loss)
    return torch.where(raised, high, low)


def _share(params: SquareParams, query: int) -> float:
    """The paper's schedule: the share of the pixels that the square of this query covers."""
    return params.p_init / 2.0 ** bisect_left(HALVINGS, query * 10000 // params.queries)


def _coins(shape: tuple[int, ...], rng: torch.Generator) -> Tensor:
    """Independent fair coins."""
    return torch.randint(2, shape, generator=rng) == 1


def _stretches(n: int, length: int, side: int, rng: torch.Generator) -> Tensor:
    """(n, length): for each of n images, true on side neighbors at a random place."""
    start = torch.randint(length - side + 1, (n, 1), generator=rng)
    place = torch.arange(length)
    return (start <= place) & (place < start + side)
