"""What the answers to "which one was altered?" show: a two-alternative forced choice, where chance is half."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from scipy import stats

from core.errors import InputError
from core.values import Score

CHANCE = 0.5


@dataclass(frozen=True)
class Answer:
    """One pair: whether the altered picture was picked, and how long the reader took."""

    right: bool
    seconds: float


@dataclass(frozen=True)
class QuizResult:
    """share: of right answers, in [0, 1]; d_prime: see d_prime(); p_value: of as many right answers or more by
    guessing; median_seconds: response time."""

    share: Score
    d_prime: Score
    p_value: float
    median_seconds: float


def quiz_result(answers: Sequence[Answer]) -> QuizResult:
    """The result of a run of pairs; raises InputError where nothing was answered."""
    if not answers:
        raise InputError("Quiz", "no pair was answered", "Answer at least one.")
    right, n = sum(answer.right for answer in answers), len(answers)
    test = stats.binomtest(right, n, CHANCE, alternative="greater")
    low, high = share_interval(right, n)
    return QuizResult(
        share=Score(right / n, better="higher", interval=(low, high), n=n),
        d_prime=Score(d_prime(right, n), better="higher", interval=(distance(low), distance(high)), n=n),
        p_value=float(test.pvalue),
        median_seconds=median(answer.seconds for answer in answers),
    )


def d_prime(right: int, n: int) -> float:
    """How far apart altered and clean pictures look to a reader, in standard deviations; 0 is guessing.

    The share of right answers is taken as (right + 0.5) / (n + 1), so that it is never 0 or 1 (log-linear correction,
    Hautus 1995, doi:10.3758/BF03203619).
    """
    return distance((right + 0.5) / (n + 1))


def distance(share: float) -> float:
    """sqrt(2) z(share): the d-prime of an unbiased reader who is right in this share of pairs (Green, Swets 1966);
    infinite at 0 and 1."""
    return math.sqrt(2) * float(stats.norm.ppf(share))


def share_interval(right: int, n: int) -> tuple[float, float]:
    """The exact 95 % interval of a share (Clopper, Pearson 1934, doi:10.1093/biomet/26.4.404)."""
    interval = stats.binomtest(right, n).proportion_ci(0.95, method="exact")
    return float(interval.low), float(interval.high)
