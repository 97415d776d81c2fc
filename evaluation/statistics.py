"""Intervals of rates."""

from __future__ import annotations

import math

from core.values import Score

Z95 = 1.959964  # 97.5 % point of the normal distribution


def rate(successes: int, n: int) -> Score:
    """successes / n with Wilson's 95 % score interval, which holds near 0 and 1 and for small n; n >= 1.

    Wilson 1927, doi:10.1080/01621459.1927.10502953.
    """
    p = successes / n
    center = (p + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 * math.sqrt(p * (1 - p) / n + Z95**2 / (4 * n**2)) / (1 + Z95**2 / n)
    return Score(p, "", "higher", (max(0.0, center - half), min(1.0, center + half)), n)
