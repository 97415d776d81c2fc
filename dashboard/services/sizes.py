"""One request at other sizes of its change: what is known of them, and which to compute ahead."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dashboard.services.comparing import Comparisons, Request

EPSILON = "epsilon"


@dataclass(frozen=True)
class Known:
    """What came out at one epsilon: the probability of the finding, whether it is flagged, and where the goal was
    reached, whether it still is after saving with 8 bits."""

    epsilon: float
    probability: float
    flagged: bool
    survives: bool | None = None


def at_size(request: Request, epsilon: float) -> Request:
    """The same request at another epsilon."""
    changed = dataclasses.replace(request.perturbation_params, epsilon=epsilon)  # type: ignore[call-arg]
    return dataclasses.replace(request, perturbation_params=changed)


def known_sizes(comparisons: Comparisons, request: Request) -> tuple[Known, ...]:
    """What is finished of this request at any epsilon."""
    known = []
    for other, finished in comparisons.finished.items():
        epsilon = other.perturbation_params.as_dict().get(EPSILON)
        if isinstance(epsilon, float) and at_size(request, epsilon) == other:
            prediction, reached = finished.comparison.perturbed.prediction, finished.comparison.perturbation.reached
            probability, flagged = prediction.probabilities[request.target], prediction.positive[request.target]
            survives = reached.saved.eight_bit if reached.as_float and reached.saved else None
            known.append(Known(epsilon, float(probability), bool(flagged), survives))
    return tuple(known)


def ahead(request: Request, stops: Sequence[float]) -> Iterable[Request]:
    """The request at the other stops, those next to its own first."""
    here = float(request.perturbation_params.as_dict()[EPSILON])
    place = sum(stop < here for stop in stops)
    others = sorted((abs(i - place), stop) for i, stop in enumerate(stops) if stop != here)
    return [at_size(request, stop) for _, stop in others]
