"""What the main page asks for, computed in the background and kept for the session."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np

from core.classifier import Classifier
from core.errors import Cancelled, SecondLookError
from core.params import Params
from core.progress import Report
from core.values import Case, Comparison, Direction, Geometry, Modality, ModelCard, Prediction
from dashboard.services import pictures
from dashboard.services.jobs import Cancel, Job, submit
from dashboard.services.own import OwnModels
from dashboard.state import held
from evaluation.session import compare_case, fitted
from evaluation.suitability import NotSuitable, Objection, objections
from imaging.geometry import geometry_of
from imaging.overlay import display_scale, magnified
from model_zoo.loading import load_classifier

KEPT = 4  # an attack keeps its iterates, some ten megabytes
MARKING = 0.1  # share of the bar for the other cases of the worklist


Mark: TypeAlias = Prediction | tuple[Objection, ...]  # what a model says of a case, or why it is not asked


@dataclass(frozen=True)
class Subject:
    """What results depend on of a case: case_id names the pixels alone, so what else is read of it stands beside it."""

    case_id: str
    modality: Modality
    spacing_mm: tuple[float, float] | None
    source: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, case: Case) -> Subject:
        """The subject that this case is."""
        return cls(case.id, case.modality, case.spacing_mm, tuple(case.source.items()))


@dataclass(frozen=True)
class Request:
    """Everything a comparison depends on; equal requests have equal results.

    point names the operating point of the model; anyway: the reader overrides what speaks against the case.
    """

    subject: Subject
    model: str
    point: str
    anyway: bool
    target: int
    explainer: str
    explainer_params: Params
    perturbation: str
    perturbation_params: Params
    direction: Direction | None
    seed: int


@dataclass(frozen=True, eq=False)
class Drawn:
    """Data URIs of what the viewer shows of a comparison; low and high are the scale that the maps share,
    -high and high that of their difference; beyond: whether some places exceed it and have the color of its end."""

    perturbed: str
    change: str
    magnification: int
    low: float
    high: float
    beyond: bool
    before: str
    difference: str
    after: str


@dataclass(frozen=True, eq=False)
class Finished:
    """A comparison, how it is drawn, and marks of this and the other cases of the worklist."""

    request: Request
    comparison: Comparison
    geometry: Geometry
    drawn: Drawn
    marks: Mapping[Subject, Mark]


@dataclass
class Comparisons:
    """The finished comparisons of a session, the one under way, and the marks of cases by {(model, case)}."""

    finished: OrderedDict[Request, Finished] = field(default_factory=OrderedDict)
    marks: dict[tuple[str, Subject], Mark] = field(default_factory=dict)
    asked: Request | None = None
    job: Job[Finished] | None = None
    stopped: Request | None = None
    error: SecondLookError | None = None
    latest: Finished | None = None

    def ask(self, request: Request, case: Case, others: Sequence[Case], listening: Callable[[], bool]) -> None:
        """See to it that request gets computed, unless it is refused, there, under way, or was stopped by the user."""
        if self.refusal(request):
            self._drop_job()
            self.asked = None
        elif request in self.finished:
            self.finished.move_to_end(request)
            self.latest = self.finished[request]
            self._drop_job()
            self.asked = request
        elif request != self.asked or (self.job is not None and self.job.state == "canceled"):
            self._drop_job()
            self.asked, self.error = request, None
            if request != self.stopped:
                self.stopped = None
                unmarked = [other for other in others if (request.model, Subject.of(other)) not in self.marks]
                own = held(OwnModels).classifiers.get(request.model)
                self.job = submit(lambda report, cancel: _work(request, case, unmarked, report, cancel, own), listening)

    def settle(self, seconds: float) -> None:
        """Take in what the job has become, after giving it a moment to be there at once."""
        job = self.job
        if job is None or not job.wait(seconds):
            return
        if job.result is not None:
            self.latest = self.finished[job.result.request] = job.result
            self.marks.update({(job.result.request.model, key): mark for key, mark in job.result.marks.items()})
            while len(self.finished) > KEPT:
                self.finished.popitem(last=False)
        self.error = job.error
        if isinstance(job.error, NotSuitable) and self.asked is not None:
            self.marks[self.asked.model, self.asked.subject] = job.error.objections
            self.error = None
        self.job = job if job.state == "canceled" else None

    def mark(self, card: ModelCard, point: str, subject: Subject) -> Mark | None:
        """What the model of this card says of a case at an operating point, or why it is not asked; None if unknown."""
        mark = self.marks.get((card.key, subject))
        if isinstance(mark, Prediction):
            return replace(mark, thresholds=np.asarray(card.thresholds(point), dtype=np.float32))
        return mark

    def refusal(self, request: Request) -> tuple[Objection, ...]:
        """What speaks against a request, as far as that is known and the reader does not override it."""
        mark = self.marks.get((request.model, request.subject))
        return mark if isinstance(mark, tuple) and not request.anyway else ()

    def like(self, request: Request) -> Finished | None:
        """The latest comparison, where it shows the same case and finding by the same model."""
        latest = self.latest.request if self.latest else request
        same = (latest.subject, latest.model, latest.target) == (request.subject, request.model, request.target)
        return self.latest if same else None

    def stop(self) -> None:
        """The user pressed Cancel."""
        self._drop_job()
        self.stopped = self.asked

    def resume(self) -> None:
        """The user wants what was stopped, or failed, after all."""
        self.stopped = self.asked = self.error = None

    def _drop_job(self) -> None:
        if self.job is not None:
            self.job.cancel.set()
            self.job = None


def _work(
    request: Request,
    case: Case,
    unmarked: Sequence[Case],
    report: Report,
    cancel: Cancel,
    own: Classifier | None = None,
) -> Finished:
    """own: the model itself, where it is the session's and not to be found by its key."""
    model = (load_classifier(request.model, report, cancel) if own is None else own).at(request.point)
    comparison = compare_case(
        case,
        model,
        anyway=request.anyway,
        target=request.target,
        explainer=request.explainer,
        explainer_params=request.explainer_params,
        perturbation=request.perturbation,
        perturbation_params=request.perturbation_params,
        direction=request.direction,
        seed=request.seed,
        report=lambda share: report((1 - MARKING) * share),
        cancel=cancel,
    )
    geometry = geometry_of(case.pixels, model.card.input)
    marks: dict[Subject, Mark] = {request.subject: comparison.clean.prediction}
    others = [other for other in unmarked if Subject.of(other) != request.subject]
    for done, other in enumerate(others):
        if cancel.is_set():
            raise Cancelled
        report(1 - MARKING * (1 - done / len(others)))
        marks[Subject.of(other)] = _mark(other, model)
    return Finished(request, comparison, geometry, _drawn(case, comparison, geometry), marks)


def _mark(case: Case, model: Classifier) -> Mark:
    return objections(case, model) or model.predict(fitted(case, model.card).pixels)


def _drawn(case: Case, comparison: Comparison, geometry: Geometry) -> Drawn:
    clean, perturbed = comparison.perturbation.clean, comparison.perturbation.perturbed
    change, factor = magnified(clean, perturbed)
    before, after = comparison.clean.attribution, comparison.perturbed.attribution
    between = after.heat - before.heat
    heats = [before.heat, after.heat, between] if before.signed else [before.heat, after.heat]
    low, high = display_scale(heats, before.signed)
    return Drawn(
        perturbed=pictures.png(pictures.overlaid(pictures.shown(case), perturbed - clean, geometry)),
        change=pictures.png(change.transpose(1, 2, 0)),
        magnification=factor,
        low=low,
        high=high,
        beyond=max(float(np.abs(heat).max()) for heat in heats) > high,
        before=pictures.heat_levels(before.heat, low, high),
        difference=pictures.heat_levels(between, -high, high),
        after=pictures.heat_levels(after.heat, low, high),
    )
