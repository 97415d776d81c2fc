"""The explainers, each registered by the decorator in its own file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from torch import Tensor

from core.registry import Method, Registry, described

F = TypeVar("F", bound=Callable[..., Tensor])


@dataclass(frozen=True)
class Explainer(Method):
    """function(model, x (1, C, h, w), target, params, rng) -> heat (h, w): what the logit of target depends on.

    signed: whether negative heat means evidence against; unit: of one value of heat. baseline(x, params) is the image
    a complete method compares x with: its heat sums to logit(x) - logit(baseline). None for the other methods.
    """

    signed: bool
    unit: str
    baseline: Callable[[Tensor, Any], Tensor] | None


EXPLAINERS: Registry[Explainer] = Registry("Explainer", "explainers")


def explainer(
    *,
    name: str,
    signed: bool,
    unit: str,
    reference: str,
    passes: Callable[[Any, tuple[int, int, int]], int],
    needs: tuple[str, ...] = (),
    baseline: Callable[[Tensor, Any], Tensor] | None = None,
) -> Callable[[F], F]:
    """Register the function below; see Method and Explainer for the arguments."""

    def register(function: F) -> F:
        EXPLAINERS.add(
            Explainer(
                name=name,
                reference=reference,
                passes=passes,
                needs=frozenset(needs),
                signed=signed,
                unit=unit,
                baseline=baseline,
                **described(function),
            )
        )
        return function

    return register
