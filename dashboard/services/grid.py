"""The cells of the compare page, kept for the session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from core.classifier import Classifier
from core.progress import Report
from core.values import Case
from dashboard.services.comparing import Comparisons, compared
from dashboard.services.errands import Errands, Task
from dashboard.services.finished import Finished, Request
from dashboard.services.jobs import Cancel
from dashboard.services.own import OwnModels
from dashboard.state import held

BYTES = 192 << 20  # a cell takes some two megabytes, at most six, and a grid has sixteen


class Grid(Errands[Request, Finished]):
    """The cells of a session; they leave out the iterates of the attack."""

    def __init__(self) -> None:
        super().__init__(None, BYTES)

    def compare(self, wanted: Mapping[Request, Case], listening: Callable[[], bool]) -> None:
        """See to it that these cells get computed, and no others, unless the user stopped just these."""
        known, own = held(Comparisons).finished, held(OwnModels).classifiers
        for request in wanted:
            if self.get(request) is None and (found := known.get(request)) is not None:
                self.keep(request, _slim(found))
        works = {request: partial(_cell, request, case, own.get(request.model)) for request, case in wanted.items()}
        self.ask({request: Task(work, 1) for request, work in works.items()}, listening)


def _cell(request: Request, case: Case, own: Classifier | None, report: Report, cancel: Cancel) -> Finished:
    return _slim(compared(request, case, [], report, cancel, own))


def _slim(finished: Finished) -> Finished:
    """Without the iterates of the attack: ten megabytes that no cell shows."""
    changed = replace(finished.comparison.perturbation, trajectory=())
    return replace(finished, comparison=replace(finished.comparison, perturbation=changed))
