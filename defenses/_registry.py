"""The registry of defenses and the decorator that fills it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

from core.classifier import Classifier
from core.registry import Method, Registry

Function: TypeAlias = Callable[..., Classifier]


class Family(Enum):
    """What a defense changes, in the terms of Qayyum et al. 2020; the value is the sentence shown beside its name."""

    DATA = "Modifying the data: the picture is changed before the model sees it."
    MODEL = "Modifying the model: how it comes to its answer, or the answer itself, is changed."
    AUXILIARY = "Adding auxiliary models: others look at the picture too."


@dataclass(frozen=True)
class DefenseMethod(Method):
    """function(model, params, rng) -> Classifier; passes counts the images sent through networks for each that the
    defended model is shown. random: whether it draws anew, from rng, whenever it is asked."""

    family: Family
    random: bool


DEFENSES: Registry[DefenseMethod] = Registry("Defense", "defenses")


def defense(
    *,
    name: str,
    family: Family,
    reference: str,
    random: bool = False,
    needs: tuple[str, ...] = (),
    passes: Callable[[Any, tuple[int, int, int]], int] = lambda params, shape: 1,
) -> Callable[[Function], Function]:
    """Register function(model, params, rng) -> Classifier.

    The result answers as the model does, differently: the same card, (N, C, h, w) in [0, 1] -> (N, K) logits, each
    image as if it were alone, with a gradient that an attacker who knows the defense would use.
    """
    return DEFENSES.registered(
        DefenseMethod,
        name=name,
        reference=reference,
        passes=passes,
        needs=frozenset(needs),
        family=family,
        random=random,
    )
