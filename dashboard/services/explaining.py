"""What the explain page asks for: maps of one case by one model, and evidence on whether to believe one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from core.classifier import Classifier
from core.params import Params
from core.progress import Report
from core.values import Assessment, Attribution, Case, Caution, Floats, Geometry, Mask, ModelCard, Prediction
from dashboard.services import pictures
from dashboard.services.errands import SHARED_BYTES, Errands, Task
from dashboard.services.finished import Subject
from dashboard.services.jobs import Cancel, giving_way, step
from dashboard.services.loading import load_classifier
from dashboard.services.own import OwnModels
from dashboard.services.shelf import Shelf
from dashboard.state import held
from evaluation.agreement import consensus, rank_matrix
from evaluation.regions import Place, Rectangle, mask_of, region_of
from evaluation.session import fitted
from evaluation.stability import Stability, across_models, under_rounding
from evaluation.suitability import admit
from explainers import EXPLAINERS, Explainer, explain
from explainers.metrics import MEASURES, assess, is_constant, passes_of
from imaging.overlay import display_scale

T = TypeVar("T")

ROUNDING = 16  # copies of the picture, each moved as rounding may move it


@dataclass(frozen=True)
class Question:
    """Everything a map depends on.

    target and against are positions among the labels of the model: why target, or why target rather than against.
    region: the only part of the case, in shares of it, that is explained. point: the operating point of the model,
    empty for a method that does not depend on it.
    """

    subject: Subject
    model: str
    anyway: bool
    target: int
    against: int | None
    method: str
    params: Params
    seed: int
    region: Rectangle | None = None
    point: str = ""

    @property
    def explainer(self) -> Explainer:
        """The method."""
        return EXPLAINERS[self.method]

    @property
    def passes(self) -> int:
        """How many images its method sends through a model of 224 x 224 pixels; others take about as many."""
        return self.explainer.passes(self.params, (3, 224, 224))


@dataclass(frozen=True)
class About:
    """A question about the map that answers question: a measure of it, or its repeats with another model.

    measure: a key of MEASURES, with region as the finding that the map should point at; other: the model whose map is
    compared with, and weights the sha256 of what it has learned. Neither: the map is made again on copies of the
    picture.
    """

    question: Question
    measure: str = ""
    region: Place | None = None
    other: str = ""
    weights: str = ""

    @property
    def subject(self) -> Subject:
        """The case."""
        return self.question.subject

    @property
    def model(self) -> str:
        """The key of the model."""
        return self.question.model


@dataclass(frozen=True, eq=False)
class Explained:
    """A map and what the model says of the whole picture.

    heat is the data URI of the map from low to high, its own scale; beyond: whether some places exceed that and have
    the color of its end. doubts: why the case may not be one for the model; offers: see Classifier.
    """

    question: Question
    attribution: Attribution
    prediction: Prediction
    geometry: Geometry
    doubts: tuple[Caution, ...]
    offers: frozenset[str]
    heat: str
    low: float
    high: float
    beyond: bool


_MAPS = Shelf[Question, Explained](SHARED_BYTES)
_MEASURED = Shelf[About, Assessment](SHARED_BYTES)
_REPEATED = Shelf[About, Stability](SHARED_BYTES)


class Maps(Errands[Question, Explained]):
    """The maps of a session; offers {model: what it offers, see Classifier} of the models that were loaded for them."""

    def __init__(self) -> None:
        super().__init__(_MAPS)
        self.offers: dict[str, frozenset[str]] = {}

    def task(self, question: Question, case: Case) -> Task[Explained]:
        """What answers a question."""
        own = held(OwnModels).classifiers.get(question.model)

        def work(report: Report, cancel: Cancel) -> Explained:
            model = _loaded(question.model, question.point, own, report, cancel)
            self.offers[question.model] = model.offers
            return _explained(question, case, model, report, cancel)

        return Task(work, question.passes)


class OnDemand(Errands[About, T]):
    """What is computed only once the reader wants to know it: asked."""

    def __init__(self, shared: Shelf[About, T]) -> None:
        super().__init__(shared)
        self.asked: frozenset[About] = frozenset()

    def ask_for(self, tasks: Mapping[About, Task[T]], listening: Callable[[], bool]) -> None:
        """Compute what is asked of these; what was canceled is forgotten as soon as others are looked at."""
        wanted = {about: task for about, task in tasks.items() if about in self.asked}
        if self.stopped and self.done < len(self.wanted) and list(wanted) != list(self.wanted):
            self.asked = frozenset(about for about in self.asked if self.get(about) is not None)
            wanted = {about: task for about, task in wanted.items() if about in self.asked}
        self.ask(wanted, listening)


class Measured(OnDemand[Assessment]):
    """What the measures say of maps, in a session."""

    def __init__(self) -> None:
        super().__init__(_MEASURED)

    def task(self, about: About, case: Case, attribution: Attribution) -> Task[Assessment]:
        """What takes a measure of the map."""
        own = held(OwnModels).classifiers.get(about.model)

        def work(report: Report, cancel: Cancel) -> Assessment:
            model = _loaded(about.model, about.question.point, own, report, cancel)
            fit = fitted(case, model.card)
            region = mask_of(about.region, case, fit.geometry, model.card.input)
            return assess(
                about.measure,
                model,
                fit.pixels,
                attribution,
                region=region,
                seed=about.question.seed,
                report=report,
                cancel=cancel,
            )

        measure = MEASURES[about.measure]
        return Task(work, passes_of(measure, measure.params(), (3, 224, 224), about.question.passes))


class Repeated(OnDemand[Stability]):
    """How stable maps are, in a session."""

    def __init__(self) -> None:
        super().__init__(_REPEATED)

    def task(self, about: About, case: Case, attribution: Attribution) -> Task[Stability]:
        """What makes the map again."""
        own = held(OwnModels).classifiers.get(about.model)

        def work(report: Report, cancel: Cancel) -> Stability:
            model = _loaded(about.model, about.question.point, own, report, cancel)
            pixels = fitted(case, model.card).pixels
            if not about.other:
                seed = about.question.seed
                return under_rounding(
                    model, pixels, attribution, draws=ROUNDING, seed=seed, report=report, cancel=cancel
                )
            point = about.question.point
            other = load_classifier(about.other, lambda _: report(0.0), cancel)
            other = _asked(other, point if point in other.card.operating_points else "")
            return across_models([model, other], pixels, attribution, report=report, cancel=cancel)

        return Task(work, about.question.passes * (1 if about.other else ROUNDING))


@dataclass(frozen=True, eq=False)
class Together:
    """What n maps say together.

    telling: how many of them prefer any place; by_magnitude: whether one of these counts by magnitude, and so all do in
    mean and disagreement; matrix (n, n): rank correlations; mean and disagreement (h, w): mean and standard deviation
    of the ranks, nan everywhere where no map prefers any place.
    """

    maps: tuple[Explained, ...]
    telling: int
    by_magnitude: bool
    matrix: npt.NDArray[np.float64]
    mean: Floats
    disagreement: Floats


class Combined:
    """The latest maps that were put together."""

    def __init__(self) -> None:
        self._latest: Together | None = None

    def of(self, maps: Sequence[Explained], card: ModelCard) -> Together:
        """Two or more maps of one picture together."""
        if self._latest is None or self._latest.maps != tuple(maps):
            heats, visible = [each.attribution.heat for each in maps], seen(maps[0].attribution, card)
            tell = [not is_constant(heat[visible]) for heat in heats]
            sizes = [each.question.explainer.magnitude and told for each, told in zip(maps, tell, strict=True)]
            matrix = rank_matrix(heats, visible, sizes)
            self._latest = Together(tuple(maps), sum(tell), any(sizes), matrix, *consensus(heats, visible, sizes))
        return self._latest


def seen(attribution: Attribution, card: ModelCard) -> Mask:
    """(h, w) where the model can see anything, and heat was kept."""
    visible = card.input.visible
    return visible if attribution.region is None else visible & attribution.region


def surrogate_of(card: ModelCard, label: str, known: Mapping[str, ModelCard]) -> ModelCard | None:
    """A surrogate that sees the same pictures as the model of this card, and looks for the same finding."""
    others = (other for other in known.values() if other.role == "surrogate" and other.key != card.key)
    return next((other for other in others if other.input == card.input and label in other.labels), None)


def _loaded(key: str, point: str, own: Classifier | None, report: Report, cancel: Cancel) -> Classifier:
    return _asked(load_classifier(key, lambda _: report(0.0), cancel) if own is None else own, point)


def _asked(model: Classifier, point: str) -> Classifier:
    return (model.at(point) if point else model).watched(lambda _x, _logits: step())


def _explained(question: Question, case: Case, model: Classifier, report: Report, cancel: Cancel) -> Explained:
    doubts = admit(case, model, anyway=question.anyway)
    fit = fitted(case, model.card)
    attribution = explain(
        question.method,
        model,
        fit.pixels,
        question.target,
        question.params,
        against=question.against,
        seed=question.seed,
        region=region_of(question.region, fit.geometry),
        report=report,
        cancel=cancel,
    )
    low, high = display_scale([attribution.heat], attribution.signed)
    with giving_way():
        heat = pictures.heat_levels(attribution.heat, low, high)
    return Explained(
        question=question,
        attribution=attribution,
        prediction=model.predict(fit.pixels),
        geometry=fit.geometry,
        doubts=doubts,
        offers=model.offers,
        heat=heat,
        low=low,
        high=high,
        beyond=float(np.abs(attribution.heat).max()) > high,
    )
