"""Numbers of a card: discrimination, operating point, calibration, and intervals by the bootstrap. NumPy and SciPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.stats import rankdata

Array: TypeAlias = npt.NDArray[Any]
Measure: TypeAlias = Callable[[Array, Array], float]


def auroc(scores: Array, truth: Array) -> float:
    """Area under the ROC curve of scores (N,) against truth (N,) bool (Mann-Whitney); nan for one class."""
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    rank_sum = rankdata(scores)[truth].sum()
    return float((rank_sum - positives * (positives + 1) / 2) / (positives * negatives))


def sensitivity(called: Array, truth: Array) -> float:
    """Share of the positives (truth (N,) bool) that are called (N,) bool; nan where there are none."""
    return float(called[truth].mean()) if truth.any() else float("nan")


def specificity(called: Array, truth: Array) -> float:
    """Share of the negatives that are not called; nan where there are none."""
    return sensitivity(~called, ~truth)


def youden_threshold(probabilities: Array, truth: Array) -> float:
    """The threshold of largest sensitivity + specificity - 1 (Youden 1950), midway to the next lower value."""
    values = np.unique(probabilities)
    cuts = np.concatenate([values[:1], (values[1:] + values[:-1]) / 2])
    gains = [sensitivity(probabilities >= cut, truth) + specificity(probabilities >= cut, truth) for cut in cuts]
    return float(cuts[int(np.argmax(gains))])


def calibration(logits: Array, truth: Array) -> tuple[float, float]:
    """(temperature, shift): (logits + shift) / temperature has the smallest log loss on truth (N,) bool.

    Temperature scaling (Guo et al. 2017, arXiv:1706.04599) with a free intercept, because training draws both
    answers equally often and the population does not.
    """

    def log_loss(parameters: Array) -> float:
        log_temperature, shift = parameters
        margin = (logits + shift) / np.exp(log_temperature) * np.where(truth, 1.0, -1.0)
        return float(np.logaddexp(0.0, -margin).mean())

    log_temperature, shift = minimize(log_loss, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-5}).x
    return float(np.exp(log_temperature)), float(shift)


def interval(
    measure: Measure, scores: Array, truth: Array, groups: Sequence[str], seed: int = 0, resamples: int = 2000
) -> tuple[float, float]:
    """95 % percentile bootstrap interval of measure(scores, truth); whole groups are drawn, with replacement."""
    rng = np.random.default_rng(seed)
    _, group_of = np.unique(np.asarray(groups), return_inverse=True)
    members = [np.flatnonzero(group_of == group) for group in range(group_of.max() + 1)]
    values = []
    for _ in range(resamples):
        drawn = np.concatenate([members[group] for group in rng.integers(len(members), size=len(members))])
        values.append(measure(scores[drawn], truth[drawn]))
    low, high = np.nanquantile(values, [0.025, 0.975])
    return float(low), float(high)
