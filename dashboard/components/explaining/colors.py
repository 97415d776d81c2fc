"""The colors of the maps in a form that figures take."""

from __future__ import annotations

import numpy as np

from imaging.colormaps import DIVERGING

STEPS = 16
DIVERGING_SCALE = [[k / STEPS, f"rgb({','.join(map(str, DIVERGING[255 * k // STEPS]))})"] for k in range(STEPS + 1)]
BLACK, WHITE = "rgb(0,0,0)", "rgb(255,255,255)"
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # of linear sRGB
_EVEN = 0.18  # above, black stands out more than white


def ink(value: float) -> str:
    """The color of text on the color of a value from -1 to 1 in that scale; white where there is none."""
    if np.isnan(value):
        return WHITE
    color = DIVERGING[round(127.5 + 127.5 * value)] / 255
    return BLACK if color**2.2 @ _LUMINANCE > _EVEN else WHITE
