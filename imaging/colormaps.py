"""Three color maps, 256 steps each, made from paths through OKLab (Ottosson 2020, bottosson.github.io/posts/oklab).

Equal steps in the value are equal steps along the path, so they look equally large; lightness only rises with the
strength of a value, so the maps read the same with any kind of color vision and in gray.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Colors = npt.NDArray[np.uint8]
_Path = list[tuple[float, float, float]]  # OKLab lightness, chroma, hue in degrees
_Curve = npt.NDArray[np.float64]

_TO_LMS = np.linalg.inv(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def _srgb(lab: _Curve) -> Colors:
    """(n, 3) OKLab -> (n, 3) sRGB, 8 bits."""
    linear = (((lab @ _TO_LMS.T) ** 3) @ _TO_RGB.T).clip(0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    levels: Colors = np.rint(255 * encoded).astype(np.uint8)
    return levels


def _curve(path: _Path) -> _Curve:
    """(2000, 3) OKLab from point to point of a path."""
    lightness, chroma, hue = np.array(path).T
    at, fine = np.linspace(0, 1, len(path)), np.linspace(0, 1, 2000)
    c, h = np.interp(fine, at, chroma), np.radians(np.interp(fine, at, hue))
    return np.stack([np.interp(fine, at, lightness), c * np.cos(h), c * np.sin(h)], axis=1)


def _smooth(curve: _Curve) -> _Curve:
    smoothed: _Curve = ndimage.gaussian_filter1d(curve, 120, axis=0, mode="nearest")
    return smoothed


def _even(curve: _Curve, steps: int) -> _Curve:
    """(steps, 3) at equal distances along a curve."""
    length = np.concatenate([[0], np.linalg.norm(np.diff(curve, axis=0), axis=1).cumsum()])
    wanted = np.linspace(0, length[-1], steps)
    return np.stack([np.interp(wanted, length, axis) for axis in curve.T], axis=1)


_WARM: _Path = [
    (0.18, 0.06, 295),
    (0.34, 0.15, 310),
    (0.50, 0.19, 355),
    (0.66, 0.19, 395),
    (0.80, 0.16, 430),
    (0.95, 0.12, 465),
]
_COLD: _Path = [
    (0.18, 0.06, 275),
    (0.36, 0.12, 260),
    (0.52, 0.11, 225),
    (0.68, 0.12, 180),
    (0.82, 0.15, 140),
    (0.95, 0.12, 108),
]
_BLUE: _Path = [(0.25, 0.0, 255), (0.40, 0.10, 255), (0.60, 0.14, 250), (0.82, 0.10, 235)]
_ORANGE: _Path = [(0.25, 0.0, 55), (0.40, 0.08, 55), (0.60, 0.13, 55), (0.82, 0.15, 70)]
_ARMS = _smooth(np.concatenate([_curve(_BLUE)[::-1], _curve(_ORANGE)]))

SEQUENTIAL = _srgb(_even(_smooth(_curve(_WARM)), 256))
COOL = _srgb(_even(_smooth(_curve(_COLD)), 256))
DIVERGING = _srgb(np.concatenate([_even(_ARMS[:2000], 128), _even(_ARMS[2000:], 128)]))
