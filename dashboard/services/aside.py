"""Work beside the comparison, begun by a button: it goes on while other pages are open, and what it gave is kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

from core.classifier import Classifier
from core.errors import SecondLookError
from core.progress import Report
from dashboard.services.finished import Request
from dashboard.services.jobs import Cancel, Job, submit
from dashboard.services.loading import defended, load_classifier
from dashboard.services.own import OwnModels
from dashboard.state import held

T = TypeVar("T")
Compute: TypeAlias = Callable[[Classifier, Report, Cancel], T]

KEPT = 4  # of each kind; the pictures of one attack, step by step, are some megabytes


@dataclass(frozen=True)
class Kind(Generic[T]):
    """Names one sort of work, which gives a T."""

    name: str


@dataclass(frozen=True)
class State(Generic[T]):
    """What has become of one piece of work: at most one of these is there, and none before it was begun."""

    result: T | None = None
    job: Job[T] | None = None
    error: SecondLookError | None = None


@dataclass
class Asides:
    """The results of a session, for each kind the newest, and of each kind at most one job under way."""

    results: dict[str, OrderedDict[Request, Any]] = field(default_factory=dict)
    jobs: dict[str, tuple[Request, Job[Any]]] = field(default_factory=dict)

    def begin(self, kind: Kind[T], request: Request, compute: Compute[T], listening: Callable[[], bool]) -> None:
        """Queue compute(the defended model of request, report, cancel); other work of this kind is given up."""
        self.stop(kind)
        own = held(OwnModels).classifiers.get(request.model)

        def work(report: Report, cancel: Cancel) -> T:
            model = load_classifier(request.model, report, cancel) if own is None else own
            return compute(defended(request, model), report, cancel)

        self.jobs[kind.name] = request, submit(work, listening)

    def state(self, kind: Kind[T], request: Request) -> State[T]:
        """How it stands with this request; work of this kind on another one, which nobody looks at, is given up."""
        kept = self.results.setdefault(kind.name, OrderedDict())
        asked, job = self.jobs.get(kind.name, (None, None))
        if asked != request:
            self.stop(kind)
        elif job is not None and not job.finished:
            return State(job=job)
        elif job is not None and job.result is not None:
            kept[request] = job.result
            del self.jobs[kind.name]
            while len(kept) > KEPT:
                kept.popitem(last=False)
        elif job is not None and job.error is not None:
            return State(error=job.error)
        if request in kept:
            kept.move_to_end(request)
        return State(result=kept.get(request))

    def stop(self, kind: Kind[Any]) -> None:
        """Give up the work of this kind, where there is any."""
        if kind.name in self.jobs:
            self.jobs.pop(kind.name)[1].cancel.set()
