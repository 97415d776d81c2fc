"""Parts of a case <-> pixels of the model: rectangles that a reader draws, regions marked on the case, its border."""

from __future__ import annotations

import math
from typing import TypeAlias, overload

import numpy as np
from scipy import ndimage

from core.errors import InputError
from core.values import Case, Geometry, InputSpec, Mask
from imaging.geometry import to_model

Rectangle: TypeAlias = tuple[float, float, float, float]  # x0, y0, x1, y1 in [0, 1], from the upper left corner
Place: TypeAlias = Rectangle | str  # or the name of a region of the case, or BORDER

BORDER = "border"
ANATOMY = {"lungs", "field of view", "disc"}  # regions that are marked but are no finding
RIM = 0.1  # how wide the border is, as a share of the side of what the model sees


def mask_of(
    place: Place | None, case: Case, geometry: Geometry, spec: InputSpec, *, outside: bool = False
) -> Mask | None:
    """(h, w) in the model frame: a part of the case, or all but that; None, which stands for everywhere, stays None.

    Raises InputError for a name that is none of the case's, and what region_of() raises.
    """
    if not isinstance(place, str):
        inside = region_of(place, geometry)
    elif place == BORDER:
        inside = border(spec)
    else:
        inside = in_model_frame(_marked(place, case), geometry)
    return ~inside if outside and inside is not None else inside


def border(spec: InputSpec) -> Mask:
    """(h, w) the outermost tenth of what a model sees."""
    depth = ndimage.distance_transform_edt(np.pad(spec.visible, 1))[1:-1, 1:-1]
    rim: Mask = (depth > 0) & (depth <= RIM * spec.size)
    return rim


def in_model_frame(region: Mask, geometry: Geometry) -> Mask:
    """A region (H, W) of a case as the model sees it: (h, w), where it covers at least half of a pixel."""
    inside: Mask = to_model(region[..., None].astype(np.float32), geometry, 1)[0] >= 0.5
    return inside


def findings_of(case: Case) -> list[str]:
    """The names of its regions that are no mere anatomy."""
    return [name for name in case.regions if name not in ANATOMY]


def _marked(name: str, case: Case) -> Mask:
    if name not in case.regions:
        known = ", ".join([*case.regions, BORDER])
        raise InputError(f"Region {name!r}", "is not marked on this case", f"Choose one of: {known}.")
    return case.regions[name]


@overload
def region_of(rectangle: Rectangle, geometry: Geometry) -> Mask: ...
@overload
def region_of(rectangle: None, geometry: Geometry) -> None: ...
@overload
def region_of(rectangle: Rectangle | None, geometry: Geometry) -> Mask | None: ...
def region_of(rectangle: Rectangle | None, geometry: Geometry) -> Mask | None:
    """(h, w) in the model frame: the rectangle with its edges moved to the nearest edges of pixels, at least one pixel.

    None, which stands for everywhere, stays None. Raises InputError where it is no rectangle, or lies outside what the
    model looks at.
    """
    if rectangle is None:
        return None
    x0, y0, x1, y1 = rectangle
    if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
        given = ", ".join(f"{edge:g}" for edge in rectangle)
        rule = "Give x0,y0,x1,y1 as shares of width and height, with x0 < x1 and y0 < y1."
        raise InputError("Region", f"{given} is no rectangle within the picture", rule)
    (height, width), (top, left, bottom, right) = geometry.case_shape, geometry.box
    mask: Mask = np.zeros((geometry.size, geometry.size), dtype=np.bool_)
    rows = _span((y0 * height - top, y1 * height - top), geometry.size / (bottom - top))
    columns = _span((x0 * width - left, x1 * width - left), geometry.size / (right - left))
    mask[rows, columns] = True
    if not mask.any():
        raise InputError("Region", "lies outside the part of the picture that the model sees", "Mark another part.")
    return mask


def rectangle_of(region: Mask, geometry: Geometry) -> Rectangle:
    """The smallest rectangle on the case around a region (h, w) of the model frame; region_of() gives it back."""
    (height, width), (top, left, _, _) = geometry.case_shape, geometry.box
    row, column = geometry.scale
    y0, y1 = ((top + edge * row) / height for edge in _ends(region, axis=1))
    x0, x1 = ((left + edge * column) / width for edge in _ends(region, axis=0))
    return x0, y0, min(1.0, x1), min(1.0, y1)


def _span(edges: tuple[float, float], scale: float) -> slice:
    """Model pixels between two edges in case pixels; empty where they lie before the first or behind the last."""
    low, high = (edge * scale for edge in edges)
    start = min(round(low), math.ceil(high) - 1)
    stop = max(round(high), start + 1)
    return slice(max(start, 0), max(stop, 0))


def _ends(region: Mask, axis: int) -> tuple[int, int]:
    """The first index that is inside, across axis, and the first behind the last."""
    indices = np.flatnonzero(region.any(axis=axis))
    return int(indices[0]), int(indices[-1]) + 1
