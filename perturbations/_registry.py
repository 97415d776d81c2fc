"""The registry of perturbations and the decorator that fills it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, TypeAlias

from torch import Tensor

from core.registry import Method, Registry
from core.values import MODALITIES, Modality

Norm: TypeAlias = Literal["linf", "l2"]
Function: TypeAlias = Callable[..., Tensor]


class Threat(Enum):
    """What a perturbation stands for; the value is the sentence shown beside its name."""

    WHITE_BOX = "An attacker who knows the network searches for the change that misleads it."
    BLACK_BOX = "An attacker who sees only the network's answers searches for the change that misleads it."
    EXPLANATION = "An attacker who knows the network searches for the change that misleads whoever trusts the map."
    POISONING = (
        "An attacker who altered the training data put a marker in the picture that the network learned to obey."
    )
    CONTROL = "Nobody intends anything: a random change to compare an attack of the same size with."
    ARTIFACT = "Nobody intends anything: a fault of imaging, storage or display."


@dataclass(frozen=True)
class PerturbationMethod(Method):
    """norm "linf": the method promises that no value changes by more than params.epsilon / 255; "l2": that the root
    mean square of the change over all values is no more, which is an l2 radius of epsilon / 255 * sqrt(C h w).

    iterative: the inputs of its passes, in order, are the iterates of a search, equally many for each of
    params.restarts, where it has them, and each params.averaged times; a search may end before all passes are made.
    modalities: the kinds of picture that it makes sense on.
    """

    threat: Threat
    norm: Norm | None
    iterative: bool
    modalities: frozenset[Modality]

    @property
    def aims(self) -> bool:
        """Whether somebody wants another decision of the model: such a method has a goal to choose."""
        return self.threat in {Threat.WHITE_BOX, Threat.BLACK_BOX}


PERTURBATIONS: Registry[PerturbationMethod] = Registry("Perturbation", "perturbations")


def perturbation(
    *,
    name: str,
    threat: Threat,
    reference: str,
    norm: Norm | None = None,
    iterative: bool = False,
    needs: tuple[str, ...] = (),
    modalities: Collection[Modality] = tuple(MODALITIES),
    passes: Callable[[Any, tuple[int, int, int]], int] = lambda params, shape: 0,
) -> Callable[[Function], Function]:
    """Register function(model, x, goal, params, rng) -> Tensor, x (N, C, h, w) float32 in [0, 1] -> the same.

    The images of a batch share one goal. Gradients are off around the function, x must stay as it is, and every random
    choice is drawn from rng. A method that shows the model k versions of each image in one pass lays them out as
    (k, N, C, h, w).flatten(0, 1).
    """
    return PERTURBATIONS.registered(
        PerturbationMethod,
        name=name,
        reference=reference,
        passes=passes,
        needs=frozenset(needs),
        threat=threat,
        norm=norm,
        iterative=iterative,
        modalities=frozenset(modalities),
    )
