"""The way of an iterative search, read off its passes through the classifier."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

from core.values import Goal, Step


@dataclass
class Trajectory:
    """Call it with (image (1, C, h, w), logits (1, K)) of every pass; best holds the iterates of the best restart.

    length is the number of passes of a restart. A restart counts by its best iterate; of equals the first stays.
    """

    goal: Goal
    length: int
    best: list[Step] = field(default_factory=list)
    current: list[Step] = field(default_factory=list)

    def __call__(self, x: Tensor, logits: Tensor) -> None:
        self.current.append(Step(x[0].numpy(force=True), logits[0].numpy(force=True)))
        if len(self.current) == self.length:
            if not self.best or self._loss(self.current) < self._loss(self.best):
                self.best = self.current
            self.current = []

    def _loss(self, steps: list[Step]) -> float:
        return min(float(self.goal.loss(step.logits[None])[0]) for step in steps)
