"""Numbers without a display range -> [0, 1] from the smallest to the largest."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from core.values import Mask

Numbers: TypeAlias = npt.NDArray[np.floating[Any]]


def span(values: Numbers, valid: Mask) -> tuple[float, float]:
    """The smallest and the largest of the valid values."""
    return (
        float(np.min(values, where=valid, initial=np.inf)),
        float(np.max(values, where=valid, initial=-np.inf)),
    )


def stretched(values: Numbers, low: float, high: float) -> Numbers:
    """Values with low at 0 and high at 1; all 0 where they are equal."""
    shown: Numbers = values - values.dtype.type(low)
    shown /= max(high - low, float(np.finfo(values.dtype).tiny))
    return shown
