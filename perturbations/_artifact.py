"""What all clinical artifacts share: five severities, and a search for the worst case among what chance may bring."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import Params, param
from core.values import MODALITIES, Floats, Goal, Modality
from perturbations._registry import Threat, perturbation

T = TypeVar("T")


@dataclass(frozen=True)
class ArtifactParams(Params):
    """How strong, and whether by accident or at its worst."""

    severity: int = param(3, "From 1, hardly visible, to 5, about the worst seen in practice.", low=1, high=5, step=1)
    tries: int = param(
        1,
        "Draws of what chance decides, of which the one nearest to the goal counts: 1 is an accident, many are the "
        "worst case up to this severity.",
        low=1,
        high=200,
        step=1,
    )

    def pick(self, table: tuple[T, T, T, T, T]) -> T:
        """The entry of a table of five settings, from the mildest to the worst."""
        return table[self.severity - 1]


Draw = Callable[[Floats, Any, np.random.Generator], Floats]
D = TypeVar("D", bound=Draw)


def artifact(*, name: str, reference: str, only: Modality | None = None) -> Callable[[D], D]:
    """Register draw(picture, params, rng) -> picture (C, h, w) in [0, 1] with the artifact; it is cut off at 0 and 1.

    params is an ArtifactParams; the picture given must stay as it is. only names the one kind of picture that has it.
    rng is seeded alike for each severity, so whoever draws the same numbers in each gets the same layout. With
    params.tries > 1 the first try is the accident, and the others go through the severities below it and round again;
    each image keeps the one with the best loss.
    """

    def register(draw: D) -> D:
        @functools.wraps(draw)
        def run(model: Classifier, x: Tensor, goal: Goal, params: Any, rng: torch.Generator) -> Tensor:
            seeds = torch.randint(2**63 - 1, (len(x),), generator=rng).tolist()
            best = _drawn(draw, x, params, seeds, 0)
            if params.tries == 1:
                return best
            best_loss = goal.loss(model(best))
            for attempt in range(1, params.tries):
                severity = params.severity - attempt % params.severity
                candidate = _drawn(draw, x, dataclasses.replace(params, severity=severity), seeds, attempt)
                loss = goal.loss(model(candidate))
                better = loss < best_loss
                best = torch.where(better[:, None, None, None], candidate, best)
                best_loss = torch.where(better, loss, best_loss)
            return best

        perturbation(
            name=name,
            threat=Threat.ARTIFACT,
            reference=reference,
            modalities=MODALITIES if only is None else (only,),
            passes=lambda params, shape: params.tries if params.tries > 1 else 0,
        )(run)
        return draw

    return register


def _drawn(draw: Draw, x: Tensor, params: ArtifactParams, seeds: list[int], attempt: int) -> Tensor:
    """x (N, C, h, w), each image with what the chance of its seed brings in this attempt."""
    pictures = [
        draw(picture, params, np.random.default_rng((seed, attempt)))
        for picture, seed in zip(x.numpy(), seeds, strict=True)
    ]
    return torch.from_numpy(np.stack(pictures).astype(np.float32)).clamp(0, 1)
