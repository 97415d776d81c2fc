"""Work outside the script thread: with progress, time left, and a cancel that works.

Torch gains nothing from two jobs that fight for the same cores, so the process computes one job at a time, and further
ones wait their turn. Reading files needs no torch and has a thread of its own: a dropped file waits for no attack.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from core.errors import Cancelled, SecondLookError
from core.progress import Report
from dashboard.services import compute

T = TypeVar("T")
State = Literal["waiting", "running", "done", "canceled", "failed"]

LOG = logging.getLogger(__name__)
COMPUTE = ThreadPoolExecutor(max_workers=1, thread_name_prefix="compute", initializer=compute.prepare)
READING = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reading")


class Cancel(threading.Event):
    """A cancel token that is also set once nobody listens any more, e.g. because the browser was closed."""

    def __init__(self, listening: Callable[[], bool]) -> None:
        super().__init__()
        self._listening = listening

    def is_set(self) -> bool:
        """Whether to stop."""
        return super().is_set() or not self._listening()


Work = Callable[[Report, Cancel], T]


@dataclass
class Job(Generic[T]):
    """A submitted computation. result is there when state is "done", error when it is "failed"."""

    cancel: Cancel
    state: State = "waiting"
    share: float = 0.0
    started: float = field(default_factory=time.monotonic)
    result: T | None = None
    error: SecondLookError | None = None
    _end: threading.Event = field(default_factory=threading.Event)

    def wait(self, seconds: float) -> bool:
        """Wait for the end at most so long; whether it has come."""
        return self._end.wait(seconds)

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen."""
        return self._end.is_set()

    @property
    def seconds_left(self) -> float | None:
        """Estimated from the share done; None while that says too little."""
        elapsed = time.monotonic() - self.started
        if self.state != "running" or self.share < 0.05 or elapsed < 0.5:
            return None
        return elapsed * (1 - self.share) / self.share


def submit(work: Work[T], listening: Callable[[], bool] = lambda: True, pool: Executor = COMPUTE) -> Job[T]:
    """Queue work(report, cancel); it is skipped, or stopped at its next pass, once nobody is listening."""
    job: Job[T] = Job(Cancel(listening))
    pool.submit(_run, job, work)
    return job


def _run(job: Job[T], work: Work[T]) -> None:
    def report(share: float) -> None:
        job.share = share

    try:
        if job.cancel.is_set():
            raise Cancelled
        job.started, job.state = time.monotonic(), "running"
        job.result = work(report, job.cancel)
        job.state = "done"
    except Cancelled:
        job.state = "canceled"
    except SecondLookError as error:
        job.error, job.state = error, "failed"
    except Exception as error:  # a bug must reach the screen as words, and the log in full
        LOG.exception("A computation failed")
        why = f"an unexpected fault ({type(error).__name__})"
        job.error = SecondLookError("The computation stopped", why, "Choose another method or case, or try again.")
        job.state = "failed"
    finally:
        job._end.set()
