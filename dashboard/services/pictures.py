"""Pictures and maps as the viewer wants them: lossless, in the frame of the case, at most LONG_SIDE pixels.

The picture of a gray case travels as the values behind it, in 16 bits, so that the reader can lay another window over
them; where a change colored it, as those of red, green and blue.
"""

from __future__ import annotations

import base64
import io
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
TOP = 65535  # the highest level of a packed picture
GRAY_LEVELS = 255.0
_SAME = 2e-6  # of the display range: float32 can't tell such values apart

Bytes: TypeAlias = npt.NDArray[np.uint8]


def shown(case: Case) -> Floats:
    """(H, W, C) of the case, reduced to LONG_SIDE where it is larger."""
    return _reduced(case.pixels, LONG_SIDE).clip(0.0, 1.0)


def picture(case: Case, pixels: Floats) -> str:
    """Data URI of display-referred pixels (H, W, C) of a case at viewing size.

    Color has 8 bits; of a gray case the C planes are packed, one below the other.
    """
    if case.pixels.shape[2] == 3:
        return png(pixels)
    planes = [values_behind(case, plane) for plane in np.split(pixels, pixels.shape[2], axis=2)]
    return packed(np.concatenate(planes), *value_range(case))


def value_range(case: Case) -> tuple[float, float]:
    """(low, high): the values that level 0 and level TOP of a packed picture of this gray case stand for.

    A whole number of levels makes one unit wherever 16 bits allow it, so that whole values come through unchanged.
    """
    low, high = 0.0, GRAY_LEVELS
    if case.grays is not None:
        center, width = case.grays.window
        low = min(float(case.grays.values.min()), center - width / 2)
        high = max(float(case.grays.values.max()), center + width / 2)
    per_unit = math.floor(TOP / (high - math.floor(low)))
    return (math.floor(low), math.floor(low) + TOP / per_unit) if per_unit else (low, high)


def values_behind(case: Case, pixels: Floats) -> Floats:
    """(H, W) values that show these display-referred pixels (H, W, 1) in the window of the case.

    Those of the case itself, also beyond the ends of its window, wherever they show these pixels; else, as in what an
    attack changed, the value within the window that does. Without values behind the case: gray levels, 0 to 255.
    """
    display = pixels[..., 0]
    if case.grays is None:
        return display * np.float32(GRAY_LEVELS)
    center, width = case.grays.window
    stored = _reduced(case.grays.values[..., None], LONG_SIDE)[..., 0]
    share = display if not case.grays.inverted else 1 - display
    same = np.abs(((stored - center) / width + 0.5).clip(0, 1) - share) <= _SAME
    return np.where(same, stored, center + (share - 0.5) * width).astype(np.float32)


def packed(values: Floats, low: float, high: float) -> str:
    """Data URI of an RGB PNG that holds (H, W) in 65,536 levels from low to high: high byte in red, low in green."""
    levels = np.rint((values.astype(np.float64) - low) / (high - low) * TOP).clip(0, TOP).astype(np.uint16)
    planes = np.stack([levels >> 8, levels & 255, np.zeros_like(levels)], axis=2).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(planes).save(stream, format="PNG", compress_level=1)
    return _data_uri(stream.getvalue())


def thumbnail(case: Case) -> str:
    """Data URI of a small square WebP, THUMB pixels wide, black where the case is not square."""
    small = _reduced(case.pixels, THUMB)
    height, width, channels = small.shape
    square = np.zeros((THUMB, THUMB, channels), dtype=np.float32)
    top, left = (THUMB - height) // 2, (THUMB - width) // 2
    square[top : top + height, left : left + width] = small
    levels, stream = np.rint(255 * recolored(square, 3)).astype(np.uint8), io.BytesIO()
    Image.fromarray(levels).save(stream, "webp", quality=80)
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode()


def overlaid(pixels: Floats, change: Floats, geometry: Geometry) -> Floats:
    """Lay a change (C, h, w), made in the model frame, over the displayed case (H, W, C)."""
    there = _displayed(geometry, pixels)
    laid = np.stack([to_case(plane, there) for plane in change], axis=2)
    base = recolored(pixels, max(pixels.shape[2], laid.shape[2]))
    return (base + laid).clip(0.0, 1.0)


def heat_levels(heat: Floats, low: float, high: float) -> str:
    """Data URI of a map (h, w) in 256 levels between low and high, which may not be equal."""
    return png(np.round(((heat - low) / (high - low)).clip(0.0, 1.0) * 255).astype(np.uint8))


def cell_levels(cells: Floats | None, low: float, high: float) -> str | None:
    """The same of the cells (rows, columns) that a map was enlarged from, if it was."""
    return None if cells is None else heat_levels(cells, low, high)


def grain(cells: Floats | None) -> str:
    """ "7 × 7 map, smoothly enlarged"; nothing of a map that has a value for each pixel."""
    return "" if cells is None else f"{cells.shape[0]} × {cells.shape[1]} map, smoothly enlarged"


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
    return _data_uri(to_png(pixels))


def _data_uri(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


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
    return np.stack(planes, axis=2)


def _displayed(geometry: Geometry, pixels: Floats) -> Geometry:
    """The same geometry on the reduced picture."""
    height, width = pixels.shape[:2]
    down, across = height / geometry.case_shape[0], width / geometry.case_shape[1]
    top, left, bottom, right = geometry.box
    box = (round(top * down), round(left * across), round(bottom * down), round(right * across))
    return replace(geometry, case_shape=(height, width), box=box)
