"""Wilson's interval against published and computed values."""

from __future__ import annotations

import pytest

from evaluation.statistics import rate


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (
            81,
            263,
            0.2553,
            0.3662,
        ),  # Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval(successes: int, n: int, low: float, high: float) -> None:
    score = rate(successes, n)
    assert score.value == successes / n
    assert score.n == n
    assert score.interval == pytest.approx((low, high), abs=5e-5)
