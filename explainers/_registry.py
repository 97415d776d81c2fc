"""The explainers, each registered by the decorator in its own file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from torch import Generator, Tensor

from core.registry import Method, Registry

F = TypeVar("F", bound=Callable[..., Tensor])


@dataclass(frozen=True)
class Explainer(Method):
    """function(model, x (1, C, h, w), target, params, rng) -> heat (h, w): what the logit of target depends on.

    coarse: it gives (rows, columns), a value for each cell of a coarser grid, which is then smoothly enlarged. signed:
    whether negative heat means evidence against; unit: of one value of heat. baseline(x, params, rng) gives the images
    (B, C, h, w) that a complete method compares x with: its heat sums to logit(x) - mean logit of them, or to logit(x)
    if there are none; it draws from rng what function draws first. baseline is None for the other methods.
    """

    signed: bool
    unit: str
    coarse: bool
    baseline: Callable[[Tensor, Any, Generator], Tensor] | None


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
        baseline=baseline,
    )
