"""The measures of maps, each registered by the decorator in its own file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import torch
from torch import Tensor

from core.classifier import Classifier
from core.registry import Method, Registry
from core.values import Better
from explainers.metrics._ranks import rank_correlation

F = TypeVar("F", bound=Callable[..., "Measured"])

BATCH = 16
NO_REGION = "needs a marked finding that the model sees, which this case does not have"


@dataclass(frozen=True, eq=False)
class Question:
    """Whether heat (h, w) tells what the logit of target depends on when model sees x (1, C, h, w) in [0, 1].

    visible (h, w) bool: where heat may be, which is all that the model sees, or the part of it that the map was kept
    in; region (h, w) bool: the marked finding within, None where there is none; again(model, images) are the maps
    (N, h, w) of the same method and seed for another model or images (N, C, h, w).
    """

    model: Classifier
    x: Tensor
    target: int
    heat: Tensor
    visible: Tensor
    region: Tensor | None
    again: Callable[[Classifier, Tensor], Tensor]

    def likeness(self, heat: Tensor) -> float:
        """The rank correlation of heat (h, w) with the map in question, both without their sign."""
        return rank_correlation(*(each[self.visible].abs().numpy() for each in (self.heat, heat)))

    def logits(self, pictures: Iterable[Tensor]) -> list[float]:
        """The logit of target for each picture (1, C, h, w), asked in batches."""
        pictures, values = iter(pictures), list[float]()
        while batch := list(islice(pictures, BATCH)):
            values += self.model(torch.cat(batch))[:, self.target].tolist()
        return values


@dataclass(frozen=True)
class Measured:
    """The value of a measure, nan where it is undefined, and the curve (x, y) it was read from, if any."""

    value: float
    curve: tuple[tuple[float, float], ...] = ()


GOODNESS: Mapping[Better, Callable[[float], float]] = {
    "higher": lambda value: value,
    "lower": lambda value: -value,
    "nearer 0": lambda value: -abs(value),
}
"""What is higher for what is better."""


@dataclass(frozen=True)
class Measure(Method):
    """function(question, params, rng) -> Measured, for maps that are not the same everywhere.

    passes counts the images sent through the model, maps (at most) those of the method that are made again: in all
    passes(params, shape) + maps(params) * passes of a map. needs may name "region" beside what the model must offer.
    axes: what the curve shows, x and y.
    """

    unit: str
    better: Better
    maps: Callable[[object], int]
    axes: tuple[str, str] | None

    def unmet(self, offers: frozenset[str]) -> str | None:
        """Why this measure can't be taken with a model and case that offer these; None if it can."""
        return NO_REGION if "region" in self.needs - offers else super().unmet(offers)


MEASURES: Registry[Measure] = Registry("Measure", "explainers.metrics")


def measure(
    *,
    name: str,
    unit: str,
    better: Better,
    reference: str,
    passes: Callable[..., int] = lambda _params, _shape: 0,
    maps: Callable[..., int] = lambda _params: 0,
    needs: tuple[str, ...] = (),
    axes: tuple[str, str] | None = None,
) -> Callable[[F], F]:
    """Register the function below; see Method and Measure for the arguments."""
    return MEASURES.registered(
        Measure,
        name=name,
        reference=reference,
        passes=passes,
        needs=frozenset(needs),
        unit=unit,
        better=better,
        maps=maps,
        axes=axes,
    )
