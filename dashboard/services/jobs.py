"""Work outside the script thread: with progress, time left, and a cancel that works.

Jobs take turns, see dashboard.services.turns: whenever one reports its progress, another may go on. So no lock may be
held across a report. Torch gains nothing from two jobs that fight for the same cores, so one computes at a time; what
computes nothing (fetching a file, drawing a picture) gives way meanwhile. Reading files has a line of its own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from core.errors import Cancelled, SecondLookError
from core.progress import Report
from dashboard.services import compute
from dashboard.services.turns import Turn, Turns

T = TypeVar("T")
State = Literal["waiting", "running", "done", "canceled", "failed"]

LOG = logging.getLogger(__name__)
COMPUTE = Turns("compute", 16, compute.prepare)
READING = Turns("reading", 4)
CHECKING = Turns("checking", 2, compute.prepare)  # each has a process that may take some gigabytes

_here = threading.local()  # job: the one that runs in this thread


class Cancel(threading.Event):
    """A cancel token that is also set once nobody listens any more, e.g. because the browser was closed."""

    def __init__(self, listening: Callable[[], bool], called_off: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self._listening, self._called_off = listening, called_off

    def set(self) -> None:
        """Stop: called_off is called."""
        super().set()
        self._called_off()

    def is_set(self) -> bool:
        """Whether to stop."""
        return super().is_set() or not self._listening()


Work = Callable[[Report, Cancel], T]


@dataclass
class Job(Generic[T]):
    """A submitted computation. result is there when state is "done", error when it is "failed"; early is what it has
    published before its end."""

    cancel: Cancel
    state: State = "waiting"
    share: float = 0.0
    started: float = field(default_factory=time.monotonic)
    early: object = None
    result: T | None = None
    error: SecondLookError | None = None
    turn: Turn | None = None
    _news: threading.Event = field(default_factory=threading.Event)
    _end: threading.Event = field(default_factory=threading.Event)

    def wait(self, seconds: float) -> bool:
        """Wait for the end at most so long; whether it has come."""
        return self._end.wait(seconds)

    def wait_for_news(self, seconds: float) -> None:
        """Wait at most so long until something is published, or the end."""
        self._news.wait(seconds)

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

    @property
    def others(self) -> int:
        """How many other users it takes turns with, or waits for."""
        return self.turn.others if self.turn else 0

    def promote(self) -> None:
        """Somebody waits for what was begun in the background."""
        if self.turn:
            self.turn.promote()

    def publish(self, early: object) -> None:
        """Show something of the result before the end."""
        self.early = early
        self._news.set()

    def end(self, state: State) -> None:
        """Nothing more will happen."""
        self.state = state
        self._end.set()
        self._news.set()


def always() -> bool:
    """Somebody listens."""
    return True


def submit(
    work: Work[T], listening: Callable[[], bool] = always, line: Turns = COMPUTE, *, background: bool = False
) -> Job[T]:
    """Queue work(report, cancel); it is skipped, or stopped at its next report, once nobody is listening.

    Equal listening means the same session, whose jobs are done one after the other. A job in the background runs only
    while nobody else computes.
    """
    job: Job[T] = Job(Cancel(listening, lambda: _call_off(job)))
    job.turn = line.join(listening, background, lambda turn: _run(job, work, turn))
    return job


def step() -> None:
    """The job of this thread, if there is one, lets others compute; raises Cancelled where nobody wants its result."""
    job: Job[Any] | None = getattr(_here, "job", None)
    if job is not None and job.turn is not None:
        job.turn.step()
        if job.cancel.is_set():
            raise Cancelled


def publish(early: object) -> None:
    """The job of this thread, if there is one, shows something of its result."""
    job: Job[Any] | None = getattr(_here, "job", None)
    if job is not None:
        job.publish(early)


@contextmanager
def giving_way() -> Iterator[None]:
    """Inside the block the job of this thread, if there is one, computes nothing, and others do."""
    job: Job[Any] | None = getattr(_here, "job", None)
    turn = job.turn if job is not None else None
    if turn is None or turn.away:
        yield
        return
    turn.go_away()
    try:
        yield
    finally:
        turn.come_back()


def failure(error: Exception) -> SecondLookError:
    """What stopped a computation: a bug must reach the screen as words, and the log in full."""
    if isinstance(error, SecondLookError):
        return error
    LOG.error("A computation failed", exc_info=error)
    why = f"an unexpected fault ({type(error).__name__})"
    return SecondLookError("The computation stopped", why, "Choose another method or case, or try again.")


def _run(job: Job[T], work: Work[T], turn: Turn) -> None:
    def report(share: float) -> None:
        job.share = share
        step()

    job.turn, _here.job = turn, job
    try:
        if job.cancel.is_set():
            raise Cancelled
        job.started, job.state = time.monotonic(), "running"
        job.result = work(report, job.cancel)
        state: State = "done"
    except Cancelled:
        state = "canceled"
    except Exception as error:  # noqa: BLE001  see failure()
        job.error, state = failure(error), "failed"
    finally:
        _here.job = None
        turn.leave()
    job.end(state)


def _call_off(job: Job[T]) -> None:
    if job.turn and job.turn.call_off():
        job.end("canceled")
