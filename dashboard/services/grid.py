"""The cells of the compare page: one job each, one after the other, kept for the session.

A cell is queued only once the one before it has ended, so that the main page of the same session waits for no more than
one cell.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from core.classifier import Classifier
from core.errors import OutOfScope, Unsupported
from core.progress import Report
from core.values import Case
from dashboard.services.comparing import Comparisons, compared
from dashboard.services.finished import Finished, Request
from dashboard.services.jobs import Cancel, Job, always, submit
from dashboard.services.own import OwnModels
from dashboard.state import held

KEPT = 48  # cells; some two megabytes each, most of it the perturbed picture
LEAST_CELLS, LEAST_SECONDS = 0.05, 0.5  # before these, a time left says too little


@dataclass
class Grid:
    """results of cells, jobs of those under way or failed, and the cells that are wanted now, in their order."""

    results: OrderedDict[Request, Finished] = field(default_factory=OrderedDict)
    jobs: dict[Request, Job[Finished]] = field(default_factory=dict)
    wanted: Mapping[Request, Case] = field(default_factory=dict)
    _current: Request | None = None
    _stopped: bool = False
    _own: Mapping[str, Classifier] = field(default_factory=dict)
    _listening: Callable[[], bool] = always
    _begun: tuple[float, float] = (0.0, 0.0)  # when the work began, and how many cells were done then
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def ask(self, wanted: Mapping[Request, Case], listening: Callable[[], bool]) -> None:
        """See to it that these cells get computed, and no others, unless the user stopped just these."""
        known = held(Comparisons).finished
        with self._lock:
            self._own, self._listening = dict(held(OwnModels).classifiers), listening
            for request in wanted:
                if request not in self.results and (found := known.get(request)) is not None:
                    self.results[request] = _slim(found)
            if list(wanted) != list(self.wanted):
                self.wanted, self._stopped = dict(wanted), False
                self._drop(request for request in self.jobs if request not in wanted)
                self._begun = time.monotonic(), self._progress()
            for request in wanted.keys() & self.results.keys():
                self.results.move_to_end(request)
            while len(self.results) > KEPT:
                self.results.popitem(last=False)
            if not self._stopped:
                self._go_on()

    def stop(self) -> None:
        """The user pressed Cancel."""
        with self._lock:
            self._stopped = True
            self._drop(request for request, job in self.jobs.items() if not job.finished)

    def resume(self) -> None:
        """The user wants what was stopped, or failed, after all."""
        with self._lock:
            self._stopped = False
            self._drop(request for request, job in self.jobs.items() if job.finished)
            self._begun = time.monotonic(), self._progress()
            self._go_on()

    def wait(self, seconds: float) -> None:
        """Wait at most so long for the wanted cells."""
        end = time.monotonic() + seconds
        while self.working and time.monotonic() < end:
            time.sleep(0.01)

    @property
    def done(self) -> int:
        """How many of the wanted cells have ended, well or not."""
        return sum(self._share(request) == 1.0 for request in self.wanted)

    @property
    def working(self) -> bool:
        """Whether more is to come by itself."""
        return not self._stopped and self.done < len(self.wanted)

    @property
    def stopped(self) -> bool:
        """Whether cells are missing because the user stopped them."""
        return self._stopped and self.done < len(self.wanted)

    @property
    def failed(self) -> int:
        """How many of the wanted cells ended in a fault that another try may not meet."""
        errors = [job.error for request, job in list(self.jobs.items()) if request in self.wanted]
        return sum(error is not None and not isinstance(error, (Unsupported, OutOfScope)) for error in errors)

    @property
    def share(self) -> float:
        """How much of the work on the wanted cells is done."""
        return self._progress() / max(1, len(self.wanted))

    @property
    def seconds_left(self) -> float | None:
        """Estimated from the cells done since the work began; None while that says too little."""
        began, before = self._begun
        progress, elapsed = self._progress(), time.monotonic() - began
        if progress - before < LEAST_CELLS or elapsed < LEAST_SECONDS:
            return None
        return elapsed * (len(self.wanted) - progress) / (progress - before)

    def _share(self, request: Request) -> float:
        job = self.jobs.get(request)
        if request in self.results or (job is not None and job.finished):
            return 1.0
        return min(job.share, 0.99) if job else 0.0

    def _progress(self) -> float:
        return sum(map(self._share, self.wanted))

    def _drop(self, requests: Iterable[Request]) -> None:
        for request in list(requests):
            self.jobs.pop(request).cancel.set()

    def _go_on(self) -> None:
        self._drop(request for request, job in self.jobs.items() if job.state == "canceled")  # the session was closed
        if self._current not in self.jobs:
            self._begin_next()

    def _begin_next(self) -> None:
        missing = (request for request in self.wanted if request not in self.results and request not in self.jobs)
        request = self._current = next(missing, None)
        if request is not None:
            work = partial(self._compute, request, self.wanted[request], self._own.get(request.model))
            self.jobs[request] = submit(work, self._listening)

    def _compute(
        self, request: Request, case: Case, own: Classifier | None, report: Report, cancel: Cancel
    ) -> Finished:
        try:
            finished = _slim(compared(request, case, [], report, cancel, own))
            with self._lock:
                self.results[request] = finished
            return finished
        finally:
            with self._lock:
                if not cancel.is_set():
                    self._begin_next()


def _slim(finished: Finished) -> Finished:
    """Without the iterates of the attack: ten megabytes that no cell shows."""
    changed = replace(finished.comparison.perturbation, trajectory=())
    return replace(finished, comparison=replace(finished.comparison, perturbation=changed))
