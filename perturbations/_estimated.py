"""What attacks share that estimate a gradient from the scores of trial changes: SPSA and NES."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import Params, param
from core.values import Goal
from perturbations._search import Cube, better

AT_ONCE = 16  # images in one pass: more gain nothing


@dataclass(frozen=True)
class EstimatedParams(Params):
    """Size of the range, and what is spent on its search."""

    epsilon: float = param(4.0, "Largest change of any pixel, in gray levels.", low=0, high=16, step=0.05, unit="/255")
    steps: int = param(20, "Steps of the search.", low=1, high=200, step=1)
    pairs: int = param(25, "Pairs of trial changes for each step, of two queries each.", low=1, high=500, step=1)
    probe: float = param(0.5, "Size of a trial change, in gray levels.", low=0.05, high=16, step=0.05, unit="/255")
    step_size: float = param(
        2.5, "Length of a step, in multiples of epsilon / steps.", low=0.1, high=20, step=0.1, unit="×"
    )

    @property
    def queries(self) -> int:
        """The trial changes of each step, and its result."""
        return self.steps * (2 * self.pairs + 1)


def descend(
    model: Classifier,
    x: Tensor,
    goal: Goal,
    params: EstimatedParams,
    draw: Callable[[tuple[int, ...]], Tensor],
    move: Callable[[Tensor], Tensor],
) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same, in [0, 1] and within epsilon: for each image its best iterate.

    draw(shape) gives trial changes of about unit size; move(estimated gradient) the step, in units of its length.
    """
    epsilon = params.epsilon / 255
    stride = params.step_size * epsilon / params.steps
    cube, iterate = Cube(x, epsilon), x
    best, best_loss = x, torch.full((len(x),), torch.inf)
    for _ in range(params.steps):
        gradient = estimated_gradient(model, iterate, goal, params.pairs, params.probe / 255, draw)
        iterate = cube.nearest(iterate - stride * move(gradient))
        best, best_loss = better(best, best_loss, iterate, goal.loss(model(iterate)))
    return best


def estimated_gradient(
    model: Classifier, x: Tensor, goal: Goal, pairs: int, size: float, draw: Callable[[tuple[int, ...]], Tensor]
) -> Tensor:
    """The mean over pairs of draws u of (loss(x + size u) - loss(x - size u)) / (2 size) * u, like x (N, C, h, w).

    2 pairs queries for each image, all pictures in [0, 1].
    """
    total = torch.zeros_like(x)
    for count in portions(pairs, AT_ONCE // (2 * len(x))):
        trial = draw((count, *x.shape))
        shown = torch.cat([x + size * trial, x - size * trial]).clamp(0, 1)
        above, below = goal.loss(model(shown.flatten(0, 1))).view(2, count, len(x))
        total += ((above - below)[..., None, None, None] * trial).sum(0)
    return total / (2 * size * pairs)


def portions(total: int, most: int) -> Iterator[int]:
    """total in parts of at most most, or of 1 where most is less."""
    most = max(1, most)
    yield from (min(most, total - start) for start in range(0, total, most))
