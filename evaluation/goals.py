"""What the one who changes a picture wants of the decision."""

from __future__ import annotations

from typing import Literal

from core.values import Direction, Goal, Perturbation, Prediction
from perturbations import PERTURBATIONS, Threat


def goal_of(method: str, clean: Prediction, target: int, direction: Direction | None) -> Goal:
    """An attack on the map wants the decision to stay. Any other wants what is asked for; None is the flip."""
    if PERTURBATIONS[method].threat is Threat.EXPLANATION:
        return Goal.standing(clean, target)
    return Goal(target, direction) if direction else Goal.against(clean, target)


def wanted(perturbation: Perturbation) -> Literal["hide", "induce", "keep"]:
    """The goal in a word."""
    kept = PERTURBATIONS[perturbation.method].threat is Threat.EXPLANATION
    return "keep" if kept else perturbation.goal.direction
