"""The way of an iterative search, read off its passes through the classifier."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from core.classifier import Classifier
from core.values import Goal, Step


@dataclass
class Trajectory:
    """What a search shows to watched(model), one image at a time; steps are the iterates of its best restart.

    length is the number of iterates of a restart, each shown averaged times over, which makes one step with the mean
    of the logits. A restart counts by its best iterate, also where it ended early; of equals the first stays.
    """

    goal: Goal
    length: int
    averaged: int = 1
    _best: list[Step] = field(default_factory=list)
    _current: list[Step] = field(default_factory=list)
    _shown: Tensor = field(default_factory=lambda: torch.empty(0))
    _answers: list[Tensor] = field(default_factory=list)

    def watched(self, model: Classifier) -> Classifier:
        """model, observed: as the search shows its picture, whatever the model makes of it first."""
        return model.through(self._show)

    def answer(self, logits: Tensor) -> None:
        """Take down the logits (1, K) of a pass."""
        self._answers.append(logits[0])
        if len(self._answers) == self.averaged:
            mean = torch.stack(self._answers).mean(0)
            self._current.append(Step(self._shown[0].numpy(force=True), mean.numpy(force=True)))
            self._answers = []
        if len(self._current) == self.length:
            self._best, self._current = self._better(), []

    @property
    def steps(self) -> tuple[Step, ...]:
        """The iterates of the best restart so far."""
        return tuple(self._better())

    def _show(self, x: Tensor) -> Tensor:
        self._shown = x.detach()
        return x

    def _better(self) -> list[Step]:
        return min((run for run in (self._best, self._current) if run), key=self._loss, default=[])

    def _loss(self, steps: list[Step]) -> float:
        return float(self.goal.loss(torch.stack([torch.from_numpy(step.logits) for step in steps])).min())
