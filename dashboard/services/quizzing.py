"""The pairs of the quiz: one picture and its altered twin, in random order, and what the reader answered.

Both take the same way: a change is laid over the case, that of the clean picture being zero, and both are sent as raw
16-bit values of equal length. Nothing that reaches the browser says which is which.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from core.errors import SecondLookError
from core.progress import Report
from core.values import Floats, Goal, Modality
from dashboard.services import pictures
from dashboard.services.cases import Entry, bundled
from dashboard.services.jobs import Cancel, Job, submit
from dashboard.services.loading import load_classifier
from evaluation.quiz import Answer
from evaluation.session import fitted
from evaluation.suitability import objections
from perturbations import PERTURBATIONS, perturb

Side: TypeAlias = Literal["left", "right"]
SIDES: tuple[Side, ...] = ("left", "right")

TARGET = 0
TOP = 65535


@dataclass(frozen=True)
class Setup:
    """What is asked: so many pairs of pictures of one kind, altered by a method within epsilon/255 against a model."""

    modality: Modality
    model: str
    method: str
    epsilon: float
    pairs: int


@dataclass(frozen=True, eq=False)
class Pair:
    """left and right: base64 of (height, width, channels) little-endian 16-bit values; altered: which side it is;
    flips: whether the change flips the decision of the model, None where the case is not one for it."""

    title: str
    shape: tuple[int, int, int]
    left: str
    right: str
    altered: Side
    flips: bool | None


@dataclass
class Quiz:
    """One run at most in a session; order draws cases and sides, from the system's randomness unless given."""

    setup: Setup | None = None
    pairs: list[Pair] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    job: Job[Pair] | None = None
    error: SecondLookError | None = None
    order: random.Random = field(default_factory=random.SystemRandom)
    _cases: list[Entry] = field(default_factory=list)

    def begin(self, setup: Setup) -> None:
        """Start anew."""
        self.end()
        self.setup = setup

    def end(self) -> None:
        """Forget the run."""
        if self.job is not None:
            self.job.cancel.set()
        self.setup, self.job, self.error = None, None, None
        self.pairs, self.answers, self._cases = [], [], []

    @property
    def pair(self) -> Pair | None:
        """The pair that waits for its answer, once it is there."""
        return self.pairs[len(self.answers)] if len(self.answers) < len(self.pairs) else None

    @property
    def over(self) -> bool:
        """Whether all pairs are answered."""
        return self.setup is not None and len(self.answers) == self.setup.pairs

    def ask(self, listening: Callable[[], bool]) -> None:
        """See to it that the pair at hand gets made, and then the next one, while nobody waits."""
        self.settle(0)
        if self.setup is None or self.error is not None:
            return
        if self.job is not None:
            if self.pair is None:
                self.job.promote()
        elif len(self.pairs) < min(self.setup.pairs, len(self.answers) + 2):
            entry, side = self._next_case(self.setup), self.order.choice(SIDES)
            work = _work(self.setup, entry, side, seed=len(self.pairs))
            self.job = submit(work, listening, background=self.pair is not None)

    def settle(self, seconds: float) -> None:
        """Take in what has become of the job, after giving it a moment to be there at once."""
        if self.job is not None and self.job.wait(seconds):
            if self.job.result is not None:
                self.pairs.append(self.job.result)
            self.error, self.job = self.job.error, None

    def answer(self, number: int, side: Side, seconds: float) -> None:
        """Answer pair number, counted from 0; any other than the one at hand was answered before and is left alone."""
        if self.pair is not None and number == len(self.answers):
            self.answers.append(Answer(side == self.pair.altered, seconds))

    def _next_case(self, setup: Setup) -> Entry:
        if not self._cases:
            self._cases = cases_for(setup.modality)
            self.order.shuffle(self._cases)
        return self._cases.pop()


def cases_for(modality: Modality) -> list[Entry]:
    """The bundled cases of this kind."""
    return [entry for entry in bundled() if entry.case.modality == modality]


def _work(setup: Setup, entry: Entry, side: Side, seed: int) -> Callable[[Report, Cancel], Pair]:
    def work(report: Report, cancel: Cancel) -> Pair:
        model = load_classifier(setup.model, lambda share: report(0.0), cancel)
        fit = fitted(entry.case, model.card)
        before = model.predict(fit.pixels)
        params = PERTURBATIONS[setup.method].params.parse({"epsilon": str(setup.epsilon)})
        made = perturb(
            setup.method,
            model,
            fit.pixels,
            Goal.against(before, TARGET),
            params,
            seed=seed,
            report=report,
            cancel=cancel,
        )
        after = model.predict(made.perturbed)
        base = pictures.shown(entry.case)
        clean, altered = (
            pictures.overlaid(base, pixels - fit.pixels, fit.geometry) for pixels in (fit.pixels, made.perturbed)
        )
        left, right = (altered, clean) if side == "left" else (clean, altered)
        height, width, channels = clean.shape
        flips = None if objections(entry.case, model) else bool(before.positive[TARGET] != after.positive[TARGET])
        return Pair(entry.title, (height, width, channels), _raw(left), _raw(right), side, flips)

    return work


def _raw(pixels: Floats) -> str:
    return base64.b64encode(np.rint(pixels * TOP).astype("<u2").tobytes()).decode()
