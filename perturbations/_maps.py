"""Grad-CAM in the hands of an attacker: the map of each iterate, with a gradient of its own.

The map is that of explainers.grad_cam before evidence of the other sign is cut off, for a cell that shows nothing would
have no gradient. Its weights, the gradient of the logit, are followed too where they change with the picture. Where the
network ends in a mean over cells and one linear layer, as the bundled ones do, they are constant, and the gradient
comes from the features alone; ReLUs have no second derivative that could be missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from core.classifier import Classifier
from core.gradients import input_gradient
from perturbations._search import TINY, Cube, Range

FIRST_STEP = 4.0  # in multiples of epsilon / steps; shrinks linearly, so that the last steps settle
ROUNDING = 1e-6  # of the largest value: a gradient smaller than this has its sign by chance


class Seen(NamedTuple):
    """What the model makes of N pictures: logits (N, K), and evidence (N, rows, columns) for the target in logits per
    cell of cam_layer, 0 where the model sees nothing."""

    logits: Tensor
    evidence: Tensor


Loss: TypeAlias = Callable[[Seen, Seen], Tensor]


def walk(model: Classifier, x: Tensor, target: int, params: Range, loss: Loss) -> Iterator[tuple[Tensor, Seen, Seen]]:
    """The params.steps + 1 iterates (N, C, h, w) of a descent from x on loss(now, clean) (N,), within epsilon, each
    with what is seen of it and of x. One forward and one backward pass for each."""
    ball, iterate, clean = Cube(x, params.epsilon / 255), x, None
    for step in range(params.steps + 1):
        gradient, now = _gradient(model, iterate, target, loss, clean)
        clean = clean or now
        yield iterate, now, clean
        size = gradient.abs()
        gradient = gradient * (size > ROUNDING * size.amax((1, 2, 3), keepdim=True))
        stride = FIRST_STEP * ball.radius / params.steps * (1 - step / params.steps)
        iterate = ball.nearest(iterate - stride * ball.steepest(gradient))


def likeness(first: Tensor, second: Tensor) -> Tensor:
    """Two maps (N, rows, columns) -> their correlation over cells (N,) in [-1, 1], whatever their scale and level; 0
    where one is the same everywhere."""
    return functional.cosine_similarity(_leveled(first), _leveled(second))


def remains(now: Tensor, before: Tensor) -> Tensor:
    """Two maps (N, rows, columns) -> how much of the pattern of the second the first still has (N,): 1 as much, 0 no
    trace, less than 0 the opposite. Unlike likeness, it has a slope where both are the same."""
    pattern = _leveled(before)
    return (_leveled(now) * pattern).sum(dim=1) / pattern.square().sum(dim=1).clamp(min=TINY)


def _leveled(cells: Tensor) -> Tensor:
    return cells.flatten(1) - cells.mean((1, 2))[:, None]


def _gradient(model: Classifier, x: Tensor, target: int, loss: Loss, clean: Seen | None) -> tuple[Tensor, Seen]:
    """Gradient of the loss with respect to x, which is the clean picture itself where clean is None, and what is seen
    of x."""
    seen: list[Seen] = []

    def score(logits: Tensor) -> Tensor:
        (features,) = maps
        now = Seen(logits, _evidence(model, features, logits[:, target]))
        seen.append(Seen(*(values.detach() for values in now)))
        return loss(now, clean or seen[0])

    maps: list[Tensor] = []
    gradient, _ = input_gradient(model.showing(maps.append), x, score)
    return gradient, seen[0]


def _evidence(model: Classifier, features: Tensor, logit: Tensor) -> Tensor:
    """features (N, D, rows, columns) and the logits (N,) made of them -> what each cell says for the target."""
    (gradient,) = torch.autograd.grad(logit.sum(), features, create_graph=True)
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    visible = torch.from_numpy(model.card.input.visible)[None, None].float()
    at_centers = functional.interpolate(visible, features.shape[2:], mode="nearest-exact")[0]
    return (weights * features).sum(dim=1) * at_centers
