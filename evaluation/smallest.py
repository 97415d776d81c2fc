"""The smallest change that flips a decision, as far as one method of perturbation can find it."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass

from core.classifier import Classifier
from core.errors import Unsupported
from core.params import Params
from core.progress import Report
from core.values import Direction, Floats, Goal, Mask, Perturbation
from evaluation.progress import part
from perturbations import PERTURBATIONS, perturb

FIRST, LARGEST = 0.1, 16.0  # /255
RESOLUTION, RELATIVE = 0.02, 0.05  # /255, and as a share of the size that was found


@dataclass(frozen=True)
class Point:
    """What the search at one epsilon (/255) came to: the finding's probability, and whether the goal was reached."""

    epsilon: float
    probability: float
    reached: bool


@dataclass(frozen=True, eq=False)
class Smallest:
    """epsilon (/255): the smallest size at which the goal was reached; None where it was not, up to searched_to; 0
    where the clean image is there already.

    points: all sizes tried, rising, from the clean image at 0 on; perturbation: the change that was found, whose
    reached says whether it outlives rounding to 8 bits, None where there is none; queries: images sent through the
    model by all searches.
    """

    epsilon: float | None
    searched_to: float
    points: tuple[Point, ...]
    perturbation: Perturbation | None
    queries: int
    seconds: float


def smallest_change(
    model: Classifier,
    pixels: Floats,
    *,
    target: int,
    perturbation: str = "pgd",
    params: Params | None = None,
    direction: Direction | None = None,
    seed: int = 0,
    region: Mask | None = None,
    report: Report | None = None,
    cancel: threading.Event | None = None,
) -> Smallest:
    """Find the smallest epsilon at which perturbation flips the decision on label target of pixels (C, h, w).

    The size is doubled from 0.1/255 until the goal is reached, at most to 16/255, and then bisected to 0.02/255, or 5 %
    where that is more. Each size is searched from nothing, with the same seed and params but for epsilon. What is found
    is an upper bound: a longer search may find less. direction None flips the decision as it stands; region as of
    perturb(). Raises what perturb() raises, and Unsupported for a method without epsilon.
    """
    start, method = time.perf_counter(), PERTURBATIONS[perturbation]
    spec = next((spec for spec in method.params.specs() if spec.name == "epsilon"), None)
    if spec is None:
        raise Unsupported(method.name, "promises no largest change that could be made smaller", "Choose an attack.")
    settings, largest = method.checked(params).as_dict(), min(LARGEST, spec.high or LARGEST)
    model.check(pixels[None], target)
    clean = model.predict(pixels)
    goal = Goal(target, direction) if direction else Goal.against(clean, target)
    model = model.recalling()
    points = [Point(0.0, float(clean.probabilities[target]), goal.reached(clean))]
    low, high = 0.0, 0.0 if points[0].reached else None
    best, queries = None, 0
    while (epsilon := _next(low, high, largest)) is not None:
        sizes = len(points) - 1 + _left(low, high, largest)
        changed = perturb(
            perturbation,
            model,
            pixels,
            goal,
            method.params(**{**settings, "epsilon": epsilon}),
            seed=seed,
            region=region,
            report=part(report, (len(points) - 1) / sizes, 1 / sizes),
            cancel=cancel,
        )
        queries += changed.queries
        probability = float(model.predict(changed.perturbed).probabilities[target])
        points.append(Point(epsilon, probability, changed.reached.as_float))
        if changed.reached.as_float:
            high, best = epsilon, changed
        else:
            low = epsilon
    if report is not None:
        report(1.0)
    points.sort(key=lambda point: point.epsilon)
    return Smallest(high, points[-1].epsilon, tuple(points), best, queries, time.perf_counter() - start)


def _next(low: float, high: float | None, largest: float) -> float | None:
    """The size to try when the goal is missed at low and reached at high; None when there is nothing left to try."""
    if high is not None:
        return None if high - low <= max(RESOLUTION, RELATIVE * high) else round((low + high) / 2, 4)
    if low >= largest:
        return None
    return min(2 * low, largest) if low else FIRST


def _left(low: float, high: float | None, largest: float) -> int:
    """The most sizes that may still be tried."""
    if high is None:
        doublings = math.ceil(math.log2(largest / low)) if low else 1 + math.ceil(math.log2(largest / FIRST))
        return doublings + math.ceil(math.log2(1 / RELATIVE))
    return math.ceil(math.log2((high - low) / max(RESOLUTION, RELATIVE * low)))
