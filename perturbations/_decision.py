"""How far a picture is from the decision that a goal wants, for attacks that look for the smallest change."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from core.classifier import Classifier
from core.values import Goal

SURE = 1e-3  # logits beyond the threshold, so that a batch of another size, which rounds differently, decides alike


def shortfall(model: Classifier, goal: Goal) -> Callable[[Tensor], Tensor]:
    """A function (N, K) logits -> (N,): by how much the logit of the goal's label misses the decision, in logits.

    The decision is that of the model at its operating point. Where it is at most 0, the goal is surely reached.
    """
    edge = float(model.edges[goal.target]) * (1 if goal.direction == "hide" else -1)
    return lambda logits: goal.loss(logits) - edge + SURE
