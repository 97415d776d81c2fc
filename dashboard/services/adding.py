"""A model that somebody uploads, from two files to a verdict. Nothing of it outlives the session.

The files lie on the disk, in a private folder, for no longer than the check takes; what passes is kept in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from core.classifier import Classifier
from core.errors import SecondLookError
from core.progress import Report
from core.values import ModelCard
from dashboard.services.jobs import CHECKING, Cancel, Job, giving_way, submit
from model_zoo.checks import Verdict, read_upload
from model_zoo.loading import read_classifier
from model_zoo.trial import try_out


@dataclass(frozen=True, eq=False)
class Tried:
    """An uploaded model: its card, under a key of ours, the verdict, and where that is good the classifier."""

    card: ModelCard
    verdict: Verdict
    classifier: Classifier | None


@dataclass
class Adding:
    """The pair of files that a session had checked last, or is having checked; files are named by the browser's id."""

    asked: tuple[str, str] | None = None
    job: Job[Tried] | None = None
    tried: Tried | None = None
    error: SecondLookError | None = None
    stopped: bool = False

    def ask(self, pair: tuple[str, str], card: bytes, weights: bytes, listening: Callable[[], bool]) -> None:
        """See to it that this pair gets checked, unless it is, or was stopped by the user."""
        if pair != self.asked:
            self.forget()
            self.asked = pair
            self.job = submit(lambda report, cancel: _work(card, weights, report, cancel), listening, CHECKING)

    def settle(self, seconds: float) -> None:
        """Take in what the job has become, after giving it a moment to be there at once."""
        if self.job is not None and self.job.wait(seconds):
            self.tried, self.error, self.stopped = self.job.result, self.job.error, self.job.state == "canceled"
            self.job = None

    def stop(self) -> None:
        """The user pressed Cancel."""
        asked = self.asked
        self.forget()
        self.asked, self.stopped = asked, True

    def hand_over(self) -> Classifier | None:
        """The classifier, which is from now on for whoever takes it to keep, and to drop."""
        tried = self.tried
        if tried is None:
            return None
        self.tried = replace(tried, classifier=None)
        return tried.classifier

    def forget(self) -> None:
        """Begin anew."""
        if self.job is not None:
            self.job.cancel.set()
        self.asked = self.job = self.tried = self.error = None
        self.stopped = False


def _work(card_bytes: bytes, weights_bytes: bytes, report: Report, cancel: Cancel) -> Tried:
    with TemporaryDirectory(prefix="second-look-") as folder:
        card, path = read_upload(card_bytes, weights_bytes, Path(folder))
        with giving_way():
            verdict = try_out(card, path, report, cancel)
        return Tried(card, verdict, read_classifier(card, path) if verdict.usable else None)
