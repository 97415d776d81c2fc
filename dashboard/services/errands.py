"""Things to compute one after the other, in one job beside the page; each is kept as soon as it is there.

What depends on bundled cases and installed models alone is kept for all sessions, any other for its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from core.errors import Cancelled, SecondLookError
from core.progress import Report
from dashboard.services.jobs import Cancel, Job, Work, submit
from dashboard.services.results import Key, shared_card
from dashboard.services.shelf import Shelf

OWN_BYTES, SHARED_BYTES = 32 << 20, 96 << 20  # a map takes some 300 kB
LEAST_SHARE, LEAST_SECONDS = 0.05, 0.5  # before these, a time left says too little


K = TypeVar("K", bound=Key)
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Task(Generic[T]):
    """What to do, and how much that is, in images sent through the model."""

    work: Work[T]
    cost: int


class Errands(Generic[K, T]):
    """What one session wants computed, what it may see, and why some of it can't be had."""

    def __init__(self, shared: Shelf[K, T]) -> None:
        self._shared, self._own = shared, Shelf[K, T](OWN_BYTES)
        self.wanted: Mapping[K, Task[T]] = {}
        self.errors: dict[K, SecondLookError] = {}
        self.stopped = False
        self._job: Job[None] | None = None
        self._current: K | None = None
        self._part = 0.0  # of the current one
        self._begun = (0.0, 0.0)  # when the job began, and the share that was done then
        self._lock = threading.RLock()

    def ask(self, wanted: Mapping[K, Task[T]], listening: Callable[[], bool]) -> None:
        """See to it that these get computed in this order, and no others, unless the user stopped just these."""
        with self._lock:
            if list(wanted) != list(self.wanted):
                self.stopped = False
                self.errors = {key: error for key, error in self.errors.items() if key in wanted}
            self.wanted = dict(wanted)
            if self._job is not None and self._job.finished:
                if self._job.error is not None and self._current is not None:
                    self.errors[self._current] = self._job.error
                self._drop()
            if self._current is not None and self._current not in wanted:
                self._drop()
            if self._job is None and not self.stopped and self._next() is not None:
                self._begun = time.monotonic(), self.share
                self._job = submit(self._run, listening)

    def get(self, key: K) -> T | None:
        """The value, once it is there."""
        card = shared_card(key)
        return self._own.get(key, None) if card is None else self._shared.get(key, card)

    def stop(self) -> None:
        """The user pressed Cancel: what is there stays."""
        with self._lock:
            self.stopped = True
            self._drop()

    def resume(self) -> None:
        """The user wants what was stopped, or failed, after all."""
        with self._lock:
            self.stopped = False
            self.errors = {}

    def wait(self, seconds: float) -> None:
        """Wait at most so long for what is wanted."""
        job = self._job
        if job is not None:
            job.wait(seconds)

    @property
    def done(self) -> int:
        """How many of those wanted have ended, well or not."""
        return sum(map(self._ended, self.wanted))

    @property
    def working(self) -> bool:
        """Whether more is to come by itself."""
        return not self.stopped and self.done < len(self.wanted)

    @property
    def halted(self) -> bool:
        """Whether a fault ended the work: ask again, and it goes on without the one at fault."""
        job = self._job
        return job is not None and job.finished

    @property
    def share(self) -> float:
        """How much of the work on those wanted is done."""
        shares = {key: 1.0 if self._ended(key) else self._part if key == self._current else 0.0 for key in self.wanted}
        costs = {key: max(1, task.cost) for key, task in self.wanted.items()}
        return sum(costs[key] * share for key, share in shares.items()) / max(1, sum(costs.values()))

    @property
    def seconds_left(self) -> float | None:
        """Estimated from the share done since the work began; None while that says too little."""
        began, before = self._begun
        elapsed, gained = time.monotonic() - began, self.share - before
        if gained < LEAST_SHARE or elapsed < LEAST_SECONDS:
            return None
        return elapsed * (1 - self.share) / gained

    def _ended(self, key: K) -> bool:
        return key in self.errors or self.get(key) is not None

    def _next(self) -> K | None:
        return next((key for key in self.wanted if not self._ended(key)), None)

    def _drop(self) -> None:
        if self._job is not None:
            self._job.cancel.set()
        self._job = self._current = None

    def _begin(self, cancel: Cancel) -> tuple[K, Work[T]] | None:
        """What is to be done now; None where this was the last, and the job ends."""
        with self._lock:
            if cancel.is_set():
                raise Cancelled
            self._part, self._current = 0.0, self._next()
            if self._current is None:
                self._job = None
                return None
            return self._current, self.wanted[self._current].work

    def _run(self, report: Report, cancel: Cancel) -> None:
        def reported(share: float) -> None:
            if not cancel.is_set():
                self._part = min(share, 0.99)
            report(self.share)

        while (begun := self._begin(cancel)) is not None:
            key, work = begun
            try:
                self._keep(key, work(reported, cancel))
            except Cancelled:
                raise
            except SecondLookError as error:
                self.errors[key] = error

    def _keep(self, key: K, value: T) -> None:
        card = shared_card(key)
        (self._own if card is None else self._shared).put(key, value, card)
