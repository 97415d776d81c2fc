"""Numbers without a display range -> [0, 1] from the smallest to the largest."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from core.values import Mask


def stretched(values: npt.NDArray[Any], valid: Mask) -> tuple[npt.NDArray[np.float64], float, float]:
    """Values with the smallest valid one at 0 and the largest at 1, and these two; all 0 where they are equal."""
    low, high = float(values[valid].min()), float(values[valid].max())
    return (values - low) / max(high - low, np.finfo(np.float64).tiny), low, high
