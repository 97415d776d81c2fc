"""What the main page asks for, computed in the background and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice

import numpy as np

from core.classifier import Classifier
from core.errors import Cancelled, SecondLookError
from core.progress import Report
from core.values import Case, Comparison, Geometry, InputSpec, ModelCard, Prediction, View
from dashboard.services import pictures
from dashboard.services.finished import Drawn, Finished, Mark, Preview, Request, Subject
from dashboard.services.jobs import Cancel, Job, giving_way, publish, submit
from dashboard.services.loading import defended, load_classifier, undefended
from dashboard.services.own import OwnModels
from dashboard.services.results import Results
from dashboard.state import held
from defenses import DEFENSES
from evaluation.session import compare_case, fitted
from evaluation.suitability import NotSuitable, Objection, objections
from explainers import EXPLAINERS
from imaging.geometry import geometry_of
from imaging.overlay import display_scale, magnified
from perturbations import PERTURBATIONS

__all__ = ["Comparisons", "Drawn", "Finished", "Mark", "Preview", "Request", "Subject"]

AHEAD = 6  # requests at most that are computed before anybody asks
MARKING = 0.1  # share of the bar for the other cases of the worklist
COARSE_STEPS = 3  # of the search that answers first, where only settings of the perturbation were moved


@dataclass
class Comparisons:
    """The comparisons that a session may see, the one under way, those computed ahead, and the marks of cases by
    {(model, case)}."""

    finished: Results = field(default_factory=Results)
    marks: dict[tuple[str, Subject], Mark] = field(default_factory=dict)
    asked: Request | None = None
    job: Job[Finished] | None = None
    ahead: dict[Request, Job[Finished]] = field(default_factory=dict)
    tried: set[Request] = field(default_factory=set)  # computed ahead once; not again when it is no longer kept
    shown: set[Request] = field(default_factory=set)
    stopped: Request | None = None
    error: SecondLookError | None = None
    latest: Finished | None = None
    coarse: Finished | None = None

    def ask(self, request: Request, case: Case, others: Sequence[Case], listening: Callable[[], bool]) -> None:
        """See to it that request gets computed, unless it is refused, there, under way, or was stopped by the user."""
        if self.refusal(request):
            self._drop_job()
            self.asked = None
        elif (found := self.answer(request)) is not None:
            self._drop_job()
            self.asked, self.latest = request, found
            self.shown.add(request)
            self._note(request.model, {**self.finished.shared_marks(request.model), **found.marks})
        elif request != self.asked or (self.job is not None and self.job.state == "canceled"):
            self._drop_job()
            self.asked, self.error, self.coarse = request, None, None
            if request != self.stopped:
                self.stopped = None
                self._note(request.model, self.finished.shared_marks(request.model))
                unmarked = [other for other in others if (request.model, Subject.of(other)) not in self.marks]
                self.job = self._begun_ahead(request) or _submitted(
                    request, case, unmarked, listening, seen=self._seen(request)
                )

    def prefetch(self, wanted: Mapping[Request, Case], listening: Callable[[], bool]) -> None:
        """Compute in the background, in this order, what may be asked for next; give up what is no longer wanted."""
        known = {self.asked, *self.tried}
        unknown = (request for request in wanted if request not in known and request not in self.finished)
        chosen = list(islice((request for request in unknown if not self.refusal(request)), AHEAD))
        for request in self.ahead.keys() - chosen:
            self.ahead.pop(request).cancel.set()
        for request in chosen:
            if request not in self.ahead:
                self.ahead[request] = _submitted(request, wanted[request], [], listening, background=True)

    def answer(self, request: Request) -> Finished | None:
        """What is known of a request; what is on screen stays, even where it is no longer kept."""
        found = self.finished.get(request)
        on_screen = self.latest if self.latest is not None and self.latest.request == request else None
        return found or on_screen

    def early(self, request: Request) -> Preview | Finished | None:
        """What the job has published of a request: the clean picture, or the answer after fewer steps, which stays
        where the job is stopped."""
        if self.asked != request:
            return None
        early = self.job.early if self.job is not None else None
        self.coarse = early if isinstance(early, Finished) else self.coarse
        return early if isinstance(early, Preview) else self.coarse

    def settle(self, seconds: float) -> None:
        """Take in what the jobs have become, after giving the one asked for a moment to publish something."""
        for request in [request for request, job in self.ahead.items() if job.finished]:
            self.tried.add(request)
            self._take_in(self.ahead.pop(request).result)
        job = self.job
        if job is None:
            return
        job.wait_for_news(seconds)
        if not job.finished:
            return
        self.latest = self._take_in(job.result) or self.latest
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

    def _seen(self, request: Request) -> View | None:
        """What is on screen of the clean picture, where only settings of the perturbation were moved."""
        latest = self.latest
        if latest is None or replace(latest.request, perturbation_params=request.perturbation_params) != request:
            return None
        return latest.comparison.clean

    def _take_in(self, finished: Finished | None) -> Finished | None:
        if finished is not None:
            self.finished.put(finished)
            self._note(finished.request.model, finished.marks)
        return finished

    def _note(self, model: str, marks: Mapping[Subject, Mark]) -> None:
        self.marks.update({(model, subject): mark for subject, mark in marks.items()})

    def _begun_ahead(self, request: Request) -> Job[Finished] | None:
        job = self.ahead.pop(request, None)
        if job is None or job.state in {"canceled", "failed"}:
            return None
        job.promote()
        return job

    def _drop_job(self) -> None:
        if self.job is not None:
            self.job.cancel.set()
            self.job = None


def _submitted(
    request: Request,
    case: Case,
    unmarked: Sequence[Case],
    listening: Callable[[], bool],
    *,
    background: bool = False,
    seen: View | None = None,
) -> Job[Finished]:
    own = held(OwnModels).classifiers.get(request.model)
    work = partial(compared, request, case, unmarked, own=own, seen=seen)
    return submit(work, listening, background=background)


def compared(
    request: Request,
    case: Case,
    unmarked: Sequence[Case],
    report: Report,
    cancel: Cancel,
    own: Classifier | None = None,
    *,
    seen: View | None = None,
) -> Finished:
    """The answer to a request, with marks of the cases that have none yet.

    own: the model itself, where it is the session's and not to be found by its key. seen: what is on screen of the
    clean picture already; then coarse_answer() is published first, where there is one, and else what is said of the
    clean picture.
    """
    loaded = load_classifier(request.model, report, cancel) if own is None else own
    coarse = coarse_answer(request, case, loaded, seen, report, cancel) if seen is not None else None
    if coarse is not None:
        publish(coarse)
    bare, geometry = undefended(request, loaded), geometry_of(case.pixels, loaded.card.input)
    comparison = _comparing(request, case, loaded, cancel)(
        on_clean=None if coarse else lambda clean: publish(_preview(request, clean, geometry)),
        report=lambda share: report((1 - MARKING) * share),
    )
    own_mark = bare.predict(comparison.perturbation.clean) if request.defense else comparison.clean.prediction
    marks: dict[Subject, Mark] = {request.subject: own_mark}
    others = [other for other in unmarked if Subject.of(other) != request.subject]
    for done, other in enumerate(others):
        report(1 - MARKING * (1 - done / len(others)))
        if cancel.is_set():
            raise Cancelled
        marks[Subject.of(other)] = _mark(other, bare)
    return _finished(request, case, comparison, geometry, marks)


def coarse_answer(
    request: Request, case: Case, loaded: Classifier, seen: View, report: Report, cancel: Cancel
) -> Finished | None:
    """The answer after fewer steps, beside what is on screen of the clean picture, without what saving leaves of it;
    None where that would not be there much sooner."""
    coarse = coarser(request, loaded.card.input)
    if coarse is None:
        return None
    comparison = _comparing(coarse, case, loaded, cancel)(clean=seen, saving=False, report=lambda share: report(0.0))
    return _finished(coarse, case, comparison, geometry_of(case.pixels, loaded.card.input), {})


def coarser(request: Request, spec: InputSpec) -> Request | None:
    """The same with fewer steps of its search; None where that would not halve the passes."""
    params, shape = request.perturbation_params, (spec.channels, spec.size, spec.size)
    if getattr(params, "steps", 0) <= COARSE_STEPS:
        return None
    few = replace(params, steps=COARSE_STEPS)  # type: ignore[call-arg]
    search, explaining = PERTURBATIONS[request.perturbation], EXPLAINERS[request.explainer]
    maps = 3 * explaining.passes(request.explainer_params, shape)
    halved = 2 * (search.passes(few, shape) + maps) <= search.passes(params, shape) + maps
    return replace(request, perturbation_params=few) if halved else None


def _comparing(request: Request, case: Case, loaded: Classifier, cancel: Cancel) -> partial[Comparison]:
    return partial(
        compare_case,
        case,
        defended(request, loaded),
        anyway=request.anyway,
        defense=DEFENSES[request.defense] if request.defense else None,
        target=request.target,
        explainer=request.explainer,
        explainer_params=request.explainer_params,
        perturbation=request.perturbation,
        perturbation_params=request.perturbation_params,
        direction=request.direction,
        attacked=undefended(request, loaded) if request.unaware else None,
        seed=request.seed,
        attack_region=request.attack_region,
        attack_outside=request.attack_outside,
        explain_region=request.explain_region,
        cancel=cancel,
    )


def _finished(
    request: Request, case: Case, comparison: Comparison, geometry: Geometry, marks: Mapping[Subject, Mark]
) -> Finished:
    with giving_way():
        return Finished(request, comparison, geometry, _drawn(case, comparison, geometry), marks)


def _mark(case: Case, model: Classifier) -> Mark:
    return objections(case, model) or model.predict(fitted(case, model.card).pixels)


def _preview(request: Request, clean: View, geometry: Geometry) -> Preview:
    heat, signed = clean.attribution.heat, clean.attribution.signed
    low, high = display_scale([heat], signed)
    beyond = float(np.abs(heat).max()) > high
    return Preview(request, clean, geometry, pictures.heat_levels(heat, low, high), low, high, beyond)


def _drawn(case: Case, comparison: Comparison, geometry: Geometry) -> Drawn:
    clean, perturbed = comparison.perturbation.clean, comparison.perturbation.perturbed
    change, factor = magnified(clean, perturbed)
    before, after = comparison.clean.attribution, comparison.perturbed.attribution
    between = after.heat - before.heat
    heats = [before.heat, after.heat, between] if before.signed else [before.heat, after.heat]
    low, high = display_scale(heats, before.signed)
    return Drawn(
        perturbed=pictures.picture(case, pictures.overlaid(pictures.shown(case), perturbed - clean, geometry)),
        change=pictures.png(change.transpose(1, 2, 0)),
        magnification=factor,
        low=low,
        high=high,
        beyond=max(float(np.abs(heat).max()) for heat in heats) > high,
        before=pictures.heat_levels(before.heat, low, high),
        difference=pictures.heat_levels(between, -high, high),
        after=pictures.heat_levels(after.heat, low, high),
    )
