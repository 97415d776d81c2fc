"""The one loop of the gradient attacks: steps within a ball around the clean picture; the best iterate is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from core.classifier import Classifier
from core.gradients import input_gradient
from core.params import Params, param
from core.values import Goal

TINY = torch.finfo(torch.float32).tiny


@dataclass(frozen=True)
class Range(Params):
    """Size of the range and how long it is walked."""

    epsilon: float = param(1.0, "Largest change of any pixel, in gray levels.", low=0, high=16, step=0.05, unit="/255")
    steps: int = param(20, "Gradient steps of each restart.", low=1, high=200, step=1)


@dataclass(frozen=True)
class Steps(Range):
    """Also how long the steps are."""

    step_size: float = param(
        2.5, "Length of a step, in multiples of epsilon / steps.", low=0.1, high=20, step=0.1, unit="×"
    )


@dataclass(frozen=True)
class Starts(Params):
    """Where the walk begins."""

    random_start: bool = param(False, "Start at a random point within epsilon, not at the clean image.")
    restarts: int = param(
        1, "Runs, the best of which counts; all but the first start at random.", low=1, high=10, step=1
    )


@dataclass(frozen=True)
class Aims(Params):
    """What each step is computed from."""

    averaged: int = param(
        1,
        "Passes that each step averages: more than one only against a model with chance in it.",
        low=1,
        high=64,
        step=1,
    )
    keep_others: bool = param(
        False, "Where the model has other findings, also hold their logits where they are, at the cost of strength."
    )


class Ball(Protocol):
    """The pictures (N, C, h, w) within [0, 1] that are no further from the clean ones than is allowed."""

    clean: Tensor

    def nearest(self, x: Tensor) -> Tensor:
        """x brought back into the ball."""

    def steepest(self, gradient: Tensor) -> Tensor:
        """The step of length 1, as this ball measures it, along which a score of this gradient rises most."""


class Cube:
    """The ball of the largest change of any value: radius in [0, 1] units."""

    def __init__(self, clean: Tensor, radius: float) -> None:
        self.clean, self.radius = clean, radius
        self.low, self.high = (clean - radius).clamp(min=0), (clean + radius).clamp(max=1)

    def anywhere(self, rng: torch.Generator) -> Tensor:
        """Each value uniform."""
        return self.nearest(self.clean + self.radius * (2 * torch.rand(self.clean.shape, generator=rng) - 1))

    def nearest(self, x: Tensor) -> Tensor:
        """Each value by itself."""
        return x.clamp(self.low, self.high)

    def steepest(self, gradient: Tensor) -> Tensor:
        """Every value moves equally far."""
        return gradient.sign()


class Sphere:
    """The ball of the Euclidean length of the change: radius in [0, 1] units, over all values of an image."""

    def __init__(self, clean: Tensor, radius: float) -> None:
        self.clean, self.radius = clean, radius

    def anywhere(self, rng: torch.Generator) -> Tensor:
        """Any direction, any length."""
        direction = self.steepest(torch.randn(self.clean.shape, generator=rng))
        return self.nearest(self.clean + self.radius * torch.rand(len(direction), 1, 1, 1, generator=rng) * direction)

    def nearest(self, x: Tensor) -> Tensor:
        """The change shrinks in proportion; cutting at black and white only shrinks it further."""
        change = x - self.clean
        return (self.clean + change * (self.radius / lengths(change)).clamp(max=1)).clamp(0, 1)

    def steepest(self, gradient: Tensor) -> Tensor:
        """Along the gradient."""
        return gradient / lengths(gradient)


def lengths(x: Tensor) -> Tensor:
    """(N, C, h, w) -> (N, 1, 1, 1) Euclidean lengths, never quite 0."""
    norms: Tensor = x.flatten(1).norm(dim=1)
    return norms.clamp(min=TINY)[:, None, None, None]


def starts(ball: Cube | Sphere, params: Starts, rng: torch.Generator) -> Iterator[Tensor]:
    """The first iterate of each restart."""
    for restart in range(params.restarts):
        yield ball.anywhere(rng) if params.random_start or restart > 0 else ball.clean


def search(
    model: Classifier,
    ball: Ball,
    goal: Goal,
    starts: Iterable[Tensor],
    *,
    steps: int,
    stride: float,
    averaged: int = 1,
    decay: float = 0.0,
) -> Tensor:
    """For each image of ball.clean (N, C, h, w) the best iterate of the walks from all starts.

    stride: length of a step as the ball measures it; decay: share of the earlier steps' direction that is kept. A walk
    takes steps * averaged forward and backward passes, and averaged forward passes for the loss of its last iterate.
    """
    best, best_loss = ball.clean, torch.full((len(ball.clean),), torch.inf)
    for iterate in starts:
        course = torch.zeros_like(iterate)
        for _ in range(steps):
            gradient, logits = mean_gradient(model, iterate, goal.loss, averaged)
            best, best_loss = better(best, best_loss, iterate, goal.loss(logits))
            if decay:
                size = gradient.abs().mean((1, 2, 3), keepdim=True).clamp(min=TINY)
                course = gradient = decay * course + gradient / size
            iterate = ball.nearest(torch.sub(iterate, ball.steepest(gradient), alpha=stride))
        logits = torch.stack([model(iterate) for _ in range(averaged)]).mean(0)
        best, best_loss = better(best, best_loss, iterate, goal.loss(logits))
    return best


def mean_gradient(
    model: Classifier, x: Tensor, score: Callable[[Tensor], Tensor], passes: int
) -> tuple[Tensor, Tensor]:
    """input_gradient(), averaged over passes of the same x: (gradient like x, logits (N, K))."""
    gradient, logits = input_gradient(model, x, score)
    if passes == 1:
        return gradient, logits
    for _ in range(passes - 1):
        another, answer = input_gradient(model, x, score)
        gradient, logits = gradient + another, logits + answer
    return gradient / passes, logits / passes


def better(first: Tensor, first_loss: Tensor, second: Tensor, second_loss: Tensor) -> tuple[Tensor, Tensor]:
    """Image by image, the one with the lower loss: images (N, C, h, w) and losses (N,)."""
    improved = second_loss < first_loss
    if improved.all():
        return second, second_loss
    return torch.where(improved[:, None, None, None], second, first), torch.where(improved, second_loss, first_loss)
