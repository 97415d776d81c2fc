"""The explainers, each registered by the decorator in its own file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Generator, Tensor

from core.classifier import Classifier
from core.registry import Method, Registry

F = TypeVar("F", bound=Callable[..., Tensor])


@dataclass(frozen=True)
class Explainer(Method):
    """function(model, x (1, C, h, w), target, params, rng) -> heat (h, w): what the logit of target depends on.

    several: it takes x (N, C, h, w) and gives (N, h, w), each as if alone (but for what is drawn around the model), in
    less time. coarse: it gives (rows, columns) in place of (h, w), a value for each cell of a coarser grid, which is
    then smoothly enlarged. signed: whether heat can be negative, which is evidence against, unless magnitude: then
    only the size of heat tells how much a place counts, and a sign, if there is one, tells darker from brighter. unit:
    of one value of heat. decides: it depends on the threshold of the operating point, not on the logit alone.
    baseline(x, params, rng) gives the images (B, C, h, w) that a complete method compares x with: its heat sums to
    logit(x) - mean logit of them, or to logit(x) if there are none; it draws from rng what function draws first.
    baseline is None for the other methods.
    """

    signed: bool
    unit: str
    coarse: bool
    magnitude: bool
    decides: bool
    several: bool
    baseline: Callable[[Tensor, Any, Generator], Tensor] | None

    def maps(self, model: Classifier, images: Tensor, target: int, params: Any, seed: int) -> Tensor:
        """The map of each of images (N, C, h, w), all with the same seed: (N, h, w), or (N, rows, columns)."""

        def made(x: Tensor) -> Tensor:
            heat: Tensor = self.function(model, x, target, params, Generator().manual_seed(seed))
            return heat

        return made(images) if self.several else torch.stack([made(x) for x in images[:, None]])

    def counted(self, heat: Tensor) -> Tensor:
        """How much each place of a map counts, most for the highest: like heat."""
        return heat.abs() if self.magnitude else heat


EXPLAINERS: Registry[Explainer] = Registry("Explainer", "explainers")


def explainer(
    *,
    name: str,
    signed: bool,
    unit: str,
    reference: str,
    passes: Callable[[Any, tuple[int, int, int]], int],
    needs: tuple[str, ...] = (),
    coarse: bool = False,
    magnitude: bool = False,
    decides: bool = False,
    several: bool = False,
    baseline: Callable[[Tensor, Any, Generator], Tensor] | None = None,
) -> Callable[[F], F]:
    """Register the function below; see Method and Explainer for the arguments."""
    return EXPLAINERS.registered(
        Explainer,
        name=name,
        reference=reference,
        passes=passes,
        needs=frozenset(needs),
        signed=signed,
        unit=unit,
        coarse=coarse,
        magnitude=magnitude,
        decides=decides,
        several=several,
        baseline=baseline,
    )
