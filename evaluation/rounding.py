"""What is left of a change when the picture is saved with 8 bits, and the sizes at which a change is tried.

Rounding moves each value to the nearest gray level. Values that lie on gray levels, as those of a file do, come back
from every change of less than half a level. A picture that was resized for the model lies between the levels: there, a
change carries some values over to the next level, the more the larger it is, and most of its effect on the score stays.
"""

from __future__ import annotations

import numpy as np

from core.values import Floats

EPSILONS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 1.0, 2.0, 2.55, 4.0)  # /255; 2.55 is that of Finlayson et al. 2019
ADVANCED_EPSILONS = (*EPSILONS, 8.0, 16.0)

HALF = 0.5  # gray levels
SLACK = 1e-3  # gray levels: float32 errors of values that lie on one


def on_gray_levels(pixels: Floats) -> bool:
    """Whether all values in [0, 1] are multiples of 1/255, as those of a file that was not resized."""
    levels = pixels * 255
    return bool((np.abs(levels - np.rint(levels)) < SLACK).all())


def lost_to_rounding(epsilon: float, on_levels: bool) -> bool:
    """Whether rounding to 8 bits undoes every change of at most epsilon/255; on_levels, see on_gray_levels()."""
    return on_levels and epsilon < HALF


def rounding_words(epsilon: float, on_levels: bool) -> str:
    """The mark of a size on a scale: what saving with 8 bits does to a change of at most epsilon/255."""
    if lost_to_rounding(epsilon, on_levels):
        return "lost when saved with 8 bits"
    if epsilon < HALF:
        return "may survive saving with 8 bits, as this picture was resized for the model"
    return "may survive saving with 8 bits"
