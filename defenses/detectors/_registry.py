"""The registry of detectors and the decorator that fills it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from torch import Tensor

from core.registry import Method, Registry

Function: TypeAlias = Callable[..., Tensor]


@dataclass(frozen=True)
class DetectorMethod(Method):
    """function(model, x, reference, params, rng) -> scores (N,), higher where an image is more suspicious.

    fitted: whether it compares with a reference, see fit(); else reference plays no part and may be None.
    differentiable: whether the scores have a gradient with respect to x, which an attacker who knows it can follow.
    """

    fitted: bool
    differentiable: bool


DETECTORS: Registry[DetectorMethod] = Registry("Detector", "defenses.detectors")


def detector(
    *,
    name: str,
    reference: str,
    passes: Callable[[Any, tuple[int, int, int]], int],
    needs: tuple[str, ...] = (),
    fitted: bool = False,
    differentiable: bool = True,
) -> Callable[[Function], Function]:
    """Register the function below, for x (N, C, h, w) in [0, 1]; see Method and DetectorMethod for the arguments."""
    return DETECTORS.registered(
        DetectorMethod,
        name=name,
        reference=reference,
        passes=passes,
        needs=frozenset(needs),
        fitted=fitted,
        differentiable=differentiable,
    )
