"""Known answers of the statistics of a two-alternative forced choice."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from core.errors import InputError
from evaluation.quiz import Answer, d_prime, distance, quiz_result, share_interval


def answers(right: int, n: int) -> list[Answer]:
    return [Answer(k < right, float(k)) for k in range(n)]


def test_guessing_is_zero() -> None:
    result = quiz_result(answers(10, 20))
    assert result.share.value == 0.5
    assert result.d_prime.value == pytest.approx(0)
    assert result.p_value == pytest.approx(0.5881, abs=1e-4)  # P(X >= 10) of 20 coins
    assert result.median_seconds == 9.5


def test_shares_with_known_points_of_the_normal_distribution() -> None:
    """Three quarters lie below 0.6745 standard deviations, nine tenths below 1.2816; both times the root of 2."""
    assert distance(0.75) == pytest.approx(0.954, abs=5e-4)
    assert distance(0.9) == pytest.approx(1.812, abs=5e-4)
    assert distance(0.25) == pytest.approx(-0.954, abs=5e-4)


def test_all_right_and_none_right_are_finite_and_mirror_each_other() -> None:
    assert d_prime(10, 10) == pytest.approx(math.sqrt(2) * stats.norm.ppf(10.5 / 11))
    assert d_prime(0, 10) == pytest.approx(-d_prime(10, 10))
    result = quiz_result(answers(10, 10))
    assert result.p_value == pytest.approx(2**-10)
    assert result.d_prime.interval is not None
    assert result.d_prime.interval == (pytest.approx(distance(0.025 ** (1 / 10))), math.inf)


def test_the_exact_interval() -> None:
    """Clopper and Pearson's for 8 of 10, and their rule for none of n: 1 - 0.025 ** (1 / n)."""
    assert share_interval(8, 10) == pytest.approx((0.4439, 0.9748), abs=1e-4)
    assert share_interval(0, 12) == pytest.approx((0, 1 - 0.025 ** (1 / 12)))


@pytest.mark.parametrize(("right", "n"), [(0, 1), (1, 1), (3, 7), (19, 20), (60, 100)])
def test_the_estimate_lies_in_its_interval(right: int, n: int) -> None:
    result = quiz_result(answers(right, n))
    for score in (result.share, result.d_prime):
        assert score.interval is not None
        assert score.interval[0] <= score.value <= score.interval[1]
        assert score.n == n


def test_d_prime_is_that_of_a_simulated_reader() -> None:
    """Who sees both pictures with noise of standard deviation 1, the altered one higher by 1."""
    rng = np.random.default_rng(0)
    right = int((rng.normal(1, 1, 20_000) > rng.normal(0, 1, 20_000)).sum())
    assert d_prime(right, 20_000) == pytest.approx(1, abs=0.03)


def test_nothing_answered() -> None:
    with pytest.raises(InputError, match="no pair was answered"):
        quiz_result([])
