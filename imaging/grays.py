"""The values behind the pixels of a gray picture, kept so that another window can be laid over them."""

from __future__ import annotations

import numpy as np

from core.values import Grays, Mask
from imaging.stretch import Numbers, span

_PRECISE = 1e-6  # of the width of the window


def kept(values: Numbers, valid: Mask, window: tuple[float, float], *, inverted: bool, unit: str) -> Grays | None:
    """Grays whose pixels are clip((values - center) / width + 0.5, 0, 1), or 1 minus that where inverted.

    values (H, W), shown in the window (center, width) as LINEAR_EXACT takes them; those that are not valid are
    shown black, and get a value beyond the dark end of the window and of all others. None where the window has no
    width, or where float32 can't tell apart what it shows.
    """
    center, width = window
    low, high = span(values, valid)
    bottom, top = center - width / 2, center + width / 2
    with np.errstate(over="ignore"):
        ends = np.array([low, high, bottom, top, width], dtype=np.float32)
    if not (np.isfinite(ends).all() and width >= np.finfo(np.float32).tiny):
        return None
    if values.dtype != np.float32 and np.spacing(np.abs(ends[2:4]).max()) > _PRECISE * width:
        return None
    held = values.astype(np.float32, copy=False)
    if not valid.all():
        held = np.where(valid, held, _rounded_outward(max(high, top) if inverted else min(low, bottom), inverted))
    return Grays(held, window, inverted, unit)


def _rounded_outward(value: float, upward: bool) -> np.float32:
    rounded = np.float32(value)
    return rounded if float(rounded) == value else np.nextafter(rounded, np.float32(np.inf if upward else -np.inf))
