"""Numbers of a card: discrimination, operating points, calibration, and intervals by the bootstrap. NumPy and SciPy.

A Measure takes values (N,), scores, probabilities or decisions, and truth (N,) bool, whether the finding is present.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from core.errors import InputError, ParameterError

Array: TypeAlias = npt.NDArray[Any]
Measure: TypeAlias = Callable[[Array, Array], float]
Groups: TypeAlias = Sequence[str] | Array

LEAST_TEMPERATURE = 0.01  # examples that are told apart without error would ask for 0, which is certainty
RESAMPLES = 2000
AT_ONCE = 200_000  # examples in as many resamples as hold them
Z95 = 1.959964  # 97.5 % point of the normal distribution


def operating_points(scores: Array, truth: Array) -> tuple[Array, Array, Array]:
    """(values, true positives, false positives), each (U,), of calling scores (N,) >= value.

    values are the distinct scores, highest first, so both counts rise and end at all positives and all negatives.
    """
    order = np.argsort(scores)[::-1]
    values = scores[order]
    last = np.append(np.flatnonzero(values[1:] != values[:-1]), len(values) - 1)
    true_positives = np.cumsum(truth[order])[last]
    return values[last], true_positives, last + 1 - true_positives


def auroc(scores: Array, truth: Array) -> float:
    """Area under the ROC curve of scores (N,), ties counting half (Mann-Whitney); nan for one class."""
    _, hits, alarms = operating_points(scores, truth)
    pairs = hits[-1] * alarms[-1]
    if pairs == 0:
        return float("nan")
    below = np.append(0, hits[:-1])
    return float(((hits + below) * np.diff(alarms, prepend=0)).sum() / (2 * pairs))


def average_precision(scores: Array, truth: Array) -> float:
    """Precision averaged over the steps in recall, without interpolation; nan where there are no positives."""
    _, hits, alarms = operating_points(scores, truth)
    if hits[-1] == 0:
        return float("nan")
    return float((np.diff(hits, prepend=0) * hits / (hits + alarms)).sum() / hits[-1])


def accuracy(called: Array, truth: Array) -> float:
    """Share of the decisions called (N,) bool that are right."""
    return float((called == truth).mean())


def sensitivity(called: Array, truth: Array) -> float:
    """Share of the positives (truth (N,) bool) that are called (N,) bool; nan where there are none."""
    return float(called[truth].mean()) if truth.any() else float("nan")


def specificity(called: Array, truth: Array) -> float:
    """Share of the negatives that are not called; nan where there are none."""
    return sensitivity(~called, ~truth)


def balanced_accuracy(called: Array, truth: Array) -> float:
    """Mean of sensitivity and specificity; nan for one class."""
    return (sensitivity(called, truth) + specificity(called, truth)) / 2


def youden_threshold(probabilities: Array, truth: Array) -> float:
    """The threshold of largest sensitivity + specificity - 1 (Youden 1950), midway to the next lower value.

    The lowest of several; a probability is called from the threshold upwards.
    """
    values, hits, alarms = operating_points(probabilities, truth)
    gains = hits * alarms[-1] - alarms * hits[-1]
    return _midway(values, int(np.flatnonzero(gains == gains.max())[-1]))


def screening_threshold(probabilities: Array, truth: Array, sensitivity: float = 0.95) -> float:
    """The highest threshold that calls at least this share of the positives, midway to the next lower value.

    Raises ParameterError unless 0 < sensitivity <= 1, InputError where there are no positives.
    """
    if not 0 < sensitivity <= 1:
        raise ParameterError("sensitivity", f"{sensitivity} is not above 0 and at most 1", "Choose e.g. 0.95.")
    if not truth.any():
        raise InputError(
            "Screening threshold", "none of the examples shows the finding", "Choose it on a split with positives."
        )
    values, hits, _ = operating_points(probabilities, truth)
    return _midway(values, int(np.searchsorted(hits / hits[-1], sensitivity)))


def _midway(values: Array, index: int) -> float:
    """Between values[index] and the next of the falling values (U,): the same calls, robust to rounding."""
    return float(values[index : index + 2].astype(np.float64).mean())


def brier(probabilities: Array, truth: Array) -> float:
    """Mean squared difference of probabilities (N,) and truth, in [0, 1], 0 is best (Brier 1950)."""
    return float(np.square(probabilities - truth).mean())


def ece(probabilities: Array, truth: Array, bins: int = 10) -> float:
    """Expected calibration error: |mean probability - observed share| over equal-mass bins, weighted by their size.

    Of Guo et al. 2017 (arXiv:1706.04599) with two changes: it is of the probability of the finding, not of the
    answer given, and bins hold equally many examples (adaptive binning, Nixon et al. 2019, arXiv:1904.01685), not
    equal widths. Chance alone makes it positive, the more so the fewer examples: compare it at equal N. Resampling
    adds to that, so its interval() lies too high.
    """
    gaps = np.bincount(equal_mass_bins(probabilities, bins), weights=probabilities - truth)
    return float(np.abs(gaps).sum() / len(truth))


def equal_mass_bins(probabilities: Array, bins: int) -> Array:
    """(N,) the bin, from 0, of each probability (N,): equally many in each, but equal ones are never parted."""
    smaller = np.searchsorted(np.sort(probabilities), probabilities)
    return smaller * bins // len(probabilities)


def calibration(logits: Array, truth: Array) -> tuple[float, float]:
    """(temperature, shift): (logits + shift) / temperature has the smallest log loss on truth (N,) bool.

    Temperature scaling (Guo et al. 2017, arXiv:1706.04599) with a free intercept, because training draws both
    answers equally often and the population does not.
    """
    from scipy.optimize import minimize  # a fifth of a second that no reader needs

    def log_loss(parameters: Array) -> float:
        log_temperature, shift = parameters
        margin = (logits + shift) / np.exp(log_temperature) * np.where(truth, 1.0, -1.0)
        return float(np.logaddexp(0.0, -margin).mean())

    log_temperature, shift = minimize(log_loss, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-5}).x
    return max(LEAST_TEMPERATURE, float(np.exp(log_temperature))), float(shift)


def resampled(groups: Groups, seed: int = 0, resamples: int = RESAMPLES) -> Iterator[Array]:
    """The bootstrap: indices of the examples, in rising order, when whole groups are drawn with replacement."""
    rng = np.random.default_rng(seed)
    names, group_of = np.unique(np.asarray(groups), return_inverse=True)
    examples = np.arange(len(group_of))
    for _ in range(resamples):
        times = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))
        yield np.repeat(examples, times[group_of])


def interval(
    measure: Measure, values: Array, truth: Array, groups: Groups, seed: int = 0, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """95 % percentile bootstrap interval of measure(values, truth) over groups (N,).

    Resamples in which the measure is undefined, for want of a class, are left out; (nan, nan) where all are. The
    interval has no width where no resample differs, e.g. at an AUROC of 1: for rates there is rate_interval().
    """
    if measure is auroc:
        drawn = _drawn_aurocs(values, truth, groups, seed, resamples)
    else:
        drawn = np.array([measure(values[indices], truth[indices]) for indices in resampled(groups, seed, resamples)])
    defined = drawn[~np.isnan(drawn)]
    low, high = np.quantile(defined, [0.025, 0.975]) if len(defined) else (np.nan, np.nan)
    return float(low), float(high)


def _drawn_aurocs(scores: Array, truth: Array, groups: Groups, seed: int, resamples: int) -> Array:
    """(resamples,) auroc() of each of resampled(), many at once: from how often each example was drawn."""
    rng = np.random.default_rng(seed)
    names, group_of = np.unique(np.asarray(groups), return_inverse=True)
    order = np.argsort(scores)[::-1]
    values, at_once = scores[order], max(1, AT_ONCE // len(scores))
    distinct = np.flatnonzero(np.append(True, values[1:] != values[:-1]))
    drawn = []
    for first in range(0, resamples, at_once):
        chosen = rng.integers(len(names), size=(min(at_once, resamples - first), len(names)))
        rows = np.arange(len(chosen))[:, None]
        times = np.bincount((chosen + rows * len(names)).ravel(), minlength=chosen.size).reshape(chosen.shape)
        counts = times[:, group_of[order]]
        hits, alarms = (
            np.add.reduceat(counts * there[order], distinct, axis=1) for there in (truth, ~truth)
        )  # of each score, highest first
        above = np.cumsum(hits, axis=1)
        pairs = above[:, -1] * alarms.sum(axis=1)
        with np.errstate(invalid="ignore"):
            drawn.append(((2 * above - hits) * alarms).sum(axis=1) / (2 * pairs))
    return np.concatenate(drawn)


def rate_interval(right: Array, groups: Groups) -> tuple[float, float]:
    """95 % interval of the share of right (N,) bool, each of a group (N,), e.g. a patient; (nan, nan) where N is 0.

    Bootstrap over groups. Where they all have one rate, resampling finds nothing but that, so there the interval is
    Wilson's for the number of groups (Wilson 1927, doi:10.1080/01621459.1927.10502953).
    """
    low, high = mean_interval(right, groups)
    return _wilson(float(right.mean()), len(np.unique(np.asarray(groups)))) if low == high else (low, high)


def mean_interval(values: Array, groups: Groups) -> tuple[float, float]:
    """95 % percentile bootstrap interval over groups (N,) of the mean of values (N,); (nan, nan) where N is 0."""
    if len(values) == 0:
        return float("nan"), float("nan")
    names, group_of = np.unique(np.asarray(groups), return_inverse=True)
    sums, sizes = np.bincount(group_of, weights=values), np.bincount(group_of)
    drawn = np.random.default_rng(0).integers(len(names), size=(RESAMPLES, len(names)))
    low, high = np.quantile(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1), [0.025, 0.975])
    return float(low), float(high)


def _wilson(rate: float, n: int) -> tuple[float, float]:
    """Wilson's 95 % score interval of a rate among n independent observations."""
    share = Z95**2 / (n + Z95**2)
    center = rate + (0.5 - rate) * share
    half = np.sqrt(share * ((1 - share) * rate * (1 - rate) + share / 4))
    return max(0.0, float(center - half)), min(1.0, float(center + half))
