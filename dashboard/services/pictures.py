"""Pictures and maps as the viewer wants them: lossless, in the frame of the case, at most LONG_SIDE pixels."""

from __future__ import annotations

import base64
import math
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.values import Case, Floats, Geometry
from imaging.geometry import recolored, to_case
from imaging.overlay import to_png

LONG_SIDE = 1024
THUMB = 88

Bytes: TypeAlias = npt.NDArray[np.uint8]


def shown(case: Case) -> Floats:
    """(H, W, C) of the case, reduced to LONG_SIDE where it is larger."""
    return _reduced(case.pixels, LONG_SIDE)


def thumbnail(case: Case) -> str:
    """Data URI of a square picture, THUMB pixels wide, black where the case is not square."""
    small = _reduced(case.pixels, THUMB)
    height, width, channels = small.shape
    square = np.zeros((THUMB, THUMB, channels), dtype=np.float32)
    top, left = (THUMB - height) // 2, (THUMB - width) // 2
    square[top : top + height, left : left + width] = small
    return png(square)


def overlaid(pixels: Floats, change: Floats, geometry: Geometry) -> Floats:
    """Lay a change (C, h, w), made in the model frame, over the displayed case (H, W, C)."""
    there = _displayed(geometry, pixels)
    laid = np.stack([to_case(plane, there) for plane in change], axis=2)
    base = recolored(pixels, max(pixels.shape[2], laid.shape[2]))
    return (base + laid).clip(0.0, 1.0)


def heat_levels(heat: Floats, low: float, high: float) -> str:
    """Data URI of a map (h, w) in 256 levels between low and high, which may not be equal."""
    return png(np.round(((heat - low) / (high - low)).clip(0.0, 1.0) * 255).astype(np.uint8))


def frame_box(geometry: Geometry) -> tuple[float, float, float, float]:
    """(left, top, right, bottom) of what the model sees, as shares of the case."""
    height, width = geometry.case_shape
    top, left, bottom, right = geometry.box
    return left / width, top / height, right / width, bottom / height


def strongest_place(heat: Floats) -> str:
    """ "upper left": where the map's strongest value lies in the model frame, in words."""
    row, column = np.unravel_index(int(np.abs(heat).argmax()), heat.shape)
    height, width = heat.shape
    vertical = ("upper", "middle", "lower")[min(2, int(3 * row / height))]
    horizontal = ("left", "center", "right")[min(2, int(3 * column / width))]
    return f"{vertical} {horizontal}"


def png(pixels: Floats | Bytes) -> str:
    """Data URI of (H, W) or (H, W, 1 or 3), 8-bit or in [0, 1]."""
    return "data:image/png;base64," + base64.b64encode(to_png(pixels)).decode()


def _reduced(pixels: Floats, long_side: int) -> Floats:
    height, width = pixels.shape[:2]
    ratio = long_side / max(height, width)
    if ratio >= 1:
        return pixels
    size = (max(1, math.floor(width * ratio)), max(1, math.floor(height * ratio)))
    planes = [
        np.asarray(Image.fromarray(np.ascontiguousarray(plane)).resize(size, Image.Resampling.BOX), dtype=np.float32)
        for plane in pixels.transpose(2, 0, 1)
    ]
    return np.stack(planes, axis=2).clip(0.0, 1.0)


def _displayed(geometry: Geometry, pixels: Floats) -> Geometry:
    """The same geometry on the reduced picture."""
    height, width = pixels.shape[:2]
    down, across = height / geometry.case_shape[0], width / geometry.case_shape[1]
    top, left, bottom, right = geometry.box
    box = (round(top * down), round(left * across), round(bottom * down), round(right * across))
    return replace(geometry, case_shape=(height, width), box=box)
