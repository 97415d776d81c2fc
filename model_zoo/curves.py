"""Curves of a model page: ROC, precision-recall and reliability with 95 % bands, and the confusion at a threshold.

The bands come from the same bootstrap over groups as the intervals of measures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.values import Mask, Score
from model_zoo.measures import Array, Groups, equal_mass_bins, operating_points, rate_interval, resampled, sensitivity

Points: TypeAlias = npt.NDArray[np.float64]

GRID: Points = np.arange(101) / 100


@dataclass(frozen=True, eq=False)
class Curve:
    """y over x, both rates in [0, 1] and of shape (P,), in a pointwise 95 % band from low to high, (P,) each.

    Where no resample differs the band has no width: other values were not seen, which does not rule them out.
    """

    x: Points
    y: Points
    low: Points
    high: Points


@dataclass(frozen=True, eq=False)
class Reliability(Curve):
    """y observed share of the finding over x mean probability, in each of P bins of counts (P,) examples."""

    counts: npt.NDArray[np.intp]


@dataclass(frozen=True)
class Confusion:
    """Counts of examples: with the finding, flagged (tp) or missed (fn); without it, flagged (fp) or not (tn).

    Beside them in natural frequencies (Gigerenzer & Hoffrage 1995): of 100 with the finding so many are flagged, of
    100 without it so many are flagged wrongly, each with the interval of measures.rate_interval; nan where there are
    none.
    """

    tp: int
    fn: int
    fp: int
    tn: int
    flagged_per_hundred: Score
    wrongly_flagged_per_hundred: Score


def roc(scores: Array, truth: Mask, groups: Groups) -> Curve:
    """The ROC curve of scores (N,): y the highest sensitivity that costs at most x, a share of false positives.

    x is GRID. It is a step function: no line is drawn between two operating points where no threshold lies.
    Raises InputError unless truth (N,) holds both classes.
    """
    if truth.all() or not truth.any():
        raise InputError("ROC curve", "the examples are all of one class", "Evaluate on a set that holds both.")
    return _banded(_sensitivities, GRID, scores, truth, groups)


def precision_recall(scores: Array, truth: Mask, groups: Groups) -> Curve:
    """The precision-recall curve of scores (N,): y the precision at the highest threshold of at least recall x.

    x is GRID without 0, where precision is undefined. The steps are those of measures.average_precision, which is
    the area under them. Raises InputError where truth (N,) holds no positives.
    """
    if not truth.any():
        raise InputError("Precision-recall curve", "no example shows the finding", "Evaluate on a set with positives.")
    return _banded(_precisions, GRID[1:], scores, truth, groups)


def reliability(probabilities: Array, truth: Mask, groups: Groups, bins: int = 10) -> Reliability:
    """Observed share of the finding over the mean of probabilities (N,) in equal-mass bins.

    The bins are those of measures.ece on all examples, fewer where equal probabilities fill more than one; low and
    high are measures.rate_interval of each.
    """
    numbers, bin_of = np.unique(equal_mass_bins(probabilities, bins), return_inverse=True)
    counts = np.bincount(bin_of)
    members = [bin_of == number for number in range(len(numbers))]
    names = np.asarray(groups)
    low, high = np.transpose([rate_interval(truth[inside], names[inside]) for inside in members])
    x, y = (np.bincount(bin_of, weights=values) / counts for values in (probabilities, truth))
    return Reliability(x, y, low, high, counts)


def confusion(called: Mask, truth: Mask, groups: Groups) -> Confusion:
    """Counts of the decisions called (N,) against truth (N,), and their rates per hundred."""
    return Confusion(
        tp=int((called & truth).sum()),
        fn=int((~called & truth).sum()),
        fp=int((called & ~truth).sum()),
        tn=int((~called & ~truth).sum()),
        flagged_per_hundred=_per_hundred(called, truth, groups, "higher"),
        wrongly_flagged_per_hundred=_per_hundred(called, ~truth, groups, "lower"),
    )


def _sensitivities(scores: Array, truth: Array) -> Points:
    """At the shares of false positives in GRID; nan for one class."""
    _, hits, alarms = operating_points(scores, truth)
    if hits[-1] == 0 or alarms[-1] == 0:
        return np.full(len(GRID), np.nan)
    affordable = np.searchsorted(alarms / alarms[-1], GRID, side="right")
    sensitivities: Points = np.append(0, hits)[affordable] / hits[-1]
    return sensitivities


def _precisions(scores: Array, truth: Array) -> Points:
    """At the recalls in GRID[1:]; nan where there are no positives."""
    _, hits, alarms = operating_points(scores, truth)
    if hits[-1] == 0:
        return np.full(len(GRID) - 1, np.nan)
    reached = np.searchsorted(hits / hits[-1], GRID[1:])
    precisions: Points = (hits / (hits + alarms))[reached]
    return precisions


def _banded(rates: Callable[[Array, Array], Points], x: Points, scores: Array, truth: Array, groups: Groups) -> Curve:
    """rates(scores, truth) over x, and its band over the resamples in which it is defined."""
    drawn = np.stack([rates(scores[indices], truth[indices]) for indices in resampled(groups)])
    low, high = np.quantile(drawn[~np.isnan(drawn[:, 0])], [0.025, 0.975], axis=0)
    return Curve(x, rates(scores, truth), low, high)


def _per_hundred(called: Mask, chosen: Mask, groups: Groups, better: Literal["higher", "lower"]) -> Score:
    """Of 100 of the chosen (N,) bool examples, so many are called (N,)."""
    low, high = rate_interval(called[chosen], np.asarray(groups)[chosen])
    share = sensitivity(called, chosen)
    return Score(100 * share, "of 100", better, (100 * low, 100 * high), int(chosen.sum()))
