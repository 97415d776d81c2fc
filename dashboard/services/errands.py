"""Things to compute one after the other beside the page; each is kept as soon as it is there.

What depends on bundled cases and installed models alone is kept for all sessions, any other for its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from core.errors import Cancelled, OutOfScope, SecondLookError, Unsupported
from core.progress import Report
from core.values import ModelCard
from dashboard.services.jobs import Cancel, Job, Work, always, failure, submit
from dashboard.services.results import Key, kept_with
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
    """What one session wants computed, what it may see, and why some of it can't be had.

    The next one is queued only once the one before it has ended, so that whatever else the session asks for waits for
    no more than one. shared: where results are kept that others may see, if any.
    """

    def __init__(self, shared: Shelf[K, T] | None, own_bytes: int = OWN_BYTES) -> None:
        self._shared, self._own = shared, Shelf[K, T](own_bytes)
        self._made: dict[K, tuple[T, ModelCard | None]] = {}  # of those wanted, for which the shelf may have no room
        self.wanted: Mapping[K, Task[T]] = {}
        self.errors: dict[K, SecondLookError] = {}
        self.stopped = False
        self._listening: Callable[[], bool] = always
        self._job: Job[None] | None = None
        self._current: K | None = None
        self._part = 0.0  # of the current one
        self._begun = (0.0, 0.0)  # when the work began, and the share that was done then
        self._lock = threading.RLock()

    def ask(self, wanted: Mapping[K, Task[T]], listening: Callable[[], bool]) -> None:
        """See to it that these get computed in this order, and no others, unless the user stopped just these."""
        with self._lock:
            if list(wanted) != list(self.wanted):
                self.stopped = False
                self.errors = {key: error for key, error in self.errors.items() if key in wanted}
            self.wanted, self._listening = dict(wanted), listening
            self._made = {key: made for key, made in self._made.items() if key in wanted}
            if self.halted or self._current not in wanted:
                self._drop()
            self._go_on()

    def get(self, key: K) -> T | None:
        """The value, once it is there."""
        shelf, card = self._shelf(key)
        made, made_with = self._made.get(key, (None, None))
        return made if made is not None and made_with == card else shelf.get(key, card)

    def keep(self, key: K, value: T) -> None:
        """Keep a value."""
        shelf, card = self._shelf(key)
        shelf.put(key, value, card)
        with self._lock:
            if key in self.wanted:
                self._made[key] = value, card

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
            self._go_on()

    def wait(self, seconds: float) -> None:
        """Wait at most so long for what is wanted."""
        end = time.monotonic() + seconds
        while (job := self._job) is not None and not job.finished and (left := end - time.monotonic()) > 0:
            job.wait(left)

    def running(self, key: K) -> bool:
        """Whether it is computed just now."""
        job = self._job
        return job is not None and self._current == key and job.state == "running"

    @property
    def done(self) -> int:
        """How many of those wanted have ended, well or not."""
        return sum(map(self._ended, self.wanted))

    @property
    def working(self) -> bool:
        """Whether more is to come by itself."""
        return not self.stopped and self.done < len(self.wanted)

    @property
    def failed(self) -> int:
        """How many ended in a fault that another try may not meet."""
        errors = [error for key, error in list(self.errors.items()) if key in self.wanted]
        return sum(not isinstance(error, Unsupported | OutOfScope) for error in errors)

    @property
    def halted(self) -> bool:
        """Whether the work ended because the session was closed: ask again, and it goes on."""
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

    def _shelf(self, key: K) -> tuple[Shelf[K, T], ModelCard | None]:
        shared, card = kept_with(key)
        return self._own if self._shared is None or not shared else self._shared, card

    def _ended(self, key: K) -> bool:
        return key in self.errors or self.get(key) is not None

    def _drop(self) -> None:
        if self._job is not None:
            self._job.cancel.set()
        self._job = self._current = None

    def _go_on(self) -> None:
        if self._job is None and not self.stopped:
            self._begun = time.monotonic(), self.share
            self._begin_next()

    def _begin_next(self) -> None:
        key = self._current = next((key for key in self.wanted if not self._ended(key)), None)
        self._part = 0.0
        run = None if key is None else partial(self._run, key, self.wanted[key].work)
        self._job = submit(run, self._listening) if run else None

    def _run(self, key: K, work: Work[T], report: Report, cancel: Cancel) -> None:
        def reported(share: float) -> None:
            if not cancel.is_set():
                self._part = min(share, 0.99)
            report(share)

        try:
            self.keep(key, work(reported, cancel))
        except Cancelled:
            raise
        except Exception as error:  # noqa: BLE001  see failure()
            failed = failure(error)
            with self._lock:
                if not cancel.is_set():
                    self.errors[key] = failed
        finally:
            with self._lock:
                if not cancel.is_set():
                    self._begin_next()
