"""The smallest change that flips a decision, searched beside the comparison."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from core.classifier import Classifier
from core.params import Params
from core.progress import Report
from core.values import Direction, Saved
from dashboard.services.aside import Kind
from dashboard.services.finished import Finished, Request
from dashboard.services.jobs import Cancel
from dashboard.services.sizes import Known, at_size
from evaluation.smallest import smallest_change


@dataclass(frozen=True)
class Flip:
    """epsilon (/255): the smallest size found, None where there was none up to searched_to, and 0 where the clean
    picture is there already; saved tells what is left of it then; known: all sizes tried; queries: images sent
    through the model."""

    epsilon: float | None
    searched_to: float
    direction: Direction
    saved: Saved | None
    known: tuple[Known, ...]
    queries: int
    seconds: float


FLIP: Kind[Flip] = Kind("flip")


def sought(request: Request) -> Request:
    """The same for all requests that differ only in what the search does not depend on: in epsilon and explainer."""
    return dataclasses.replace(at_size(request, 0.0), explainer="", explainer_params=Params(), explain_region=None)


def smallest_flip(finished: Finished, model: Classifier, report: Report, cancel: Cancel) -> Flip:
    """Search with the perturbation of a comparison, for the same goal."""
    request, perturbation = finished.request, finished.comparison.perturbation
    target, direction = perturbation.goal.target, perturbation.goal.direction
    smallest = smallest_change(
        model,
        perturbation.clean,
        target=target,
        perturbation=perturbation.method,
        params=request.perturbation_params,
        direction=direction,
        seed=perturbation.seed,
        region=perturbation.region,
        report=report,
        cancel=cancel,
    )
    return Flip(
        epsilon=smallest.epsilon,
        searched_to=smallest.searched_to,
        direction=direction,
        saved=smallest.perturbation.reached.saved if smallest.perturbation else None,
        known=tuple(
            Known(point.epsilon, point.probability, point.reached == (direction == "induce"))
            for point in smallest.points
        ),
        queries=smallest.queries,
        seconds=smallest.seconds,
    )
