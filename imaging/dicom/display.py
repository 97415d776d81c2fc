"""Stored values -> what a display shows, in [0, 1].

Gray (PS3.3 C.7.6.3.1.2, C.11.1, C.11.2): Modality LUT, then VOI LUT or window, then inversion for MONOCHROME1 or
Presentation LUT Shape INVERSE (one inversion where both say so, as C.8.11.3 demands). Padding pixels (C.7.5.1.1.2)
take no part and are shown black. Without a window, 8-bit values are shown as they are, as in any 8-bit picture;
others from the smallest to the largest. Behind what is shown through a window or from end to end, the values are kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from core.values import Floats, Grays, Mask
from imaging.dicom.elements import Elements, damaged
from imaging.dicom.header import ImageHeader
from imaging.dicom.lookup import palette_of, table_of
from imaging.grays import kept
from imaging.stretch import span, stretched

Values = npt.NDArray[np.floating[Any]]
Window = tuple[float, float]  # center and width, as LINEAR_EXACT takes them


def displayed(
    stored: npt.NDArray[Any], photometric: str, elements: Elements, header: ImageHeader, notes: list[str]
) -> tuple[Floats, Grays | None]:
    """(H, W) or (H, W, 3) stored values -> (H, W, 1 or 3) float32 in [0, 1], and the values behind them where these
    are shown linearly; decisions are added to notes."""
    if photometric == "RGB":
        return (stored / np.float32(2**header.bits_stored - 1)).astype(np.float32).clip(0, 1), None
    if photometric == "PALETTE COLOR":
        return np.stack([color(stored) for color in palette_of(elements, header.signed)], axis=-1), None
    if photometric in ("MONOCHROME1", "MONOCHROME2"):
        with np.errstate(all="ignore"):
            gray, grays = _gray(stored, photometric, elements, header, notes)
        return gray[..., None], grays
    raise damaged(f"its pixels can't be {photometric} in this transfer syntax")


def _gray(
    stored: npt.NDArray[Any], photometric: str, elements: Elements, header: ImageHeader, notes: list[str]
) -> tuple[Floats, Grays | None]:
    exact = np.float32 if stored.dtype.itemsize <= 2 else np.float64
    values, rescaled = _modality_values(stored.astype(exact), elements, header)
    valid = _valid(stored, elements) & np.isfinite(values)
    if not valid.any():
        valid[:] = True
    low, high = span(values, valid)
    shown, window = _voi_values(values, elements, header, notes)
    if shown is not None and low < high and np.ptp(np.clip(span(shown, valid), 0, 1)) == 0:
        notes.append("The window in the header leaves nothing to see, so it was not used.")
        shown = None
    if shown is None and header.bits_stored <= 8 and not (header.signed or rescaled):
        shown, window = values / values.dtype.type(2**header.bits_stored - 1), None
    elif shown is None:
        shown, window = stretched(values, low, high), ((low + high) / 2, high - low)
        notes.append(
            f"No usable window in the header: shown from the smallest value ({low:g}) to the largest ({high:g})."
        )
    gray: Floats = np.nan_to_num(shown.astype(np.float32, copy=False), copy=False)
    np.clip(gray, 0, 1, out=gray)
    inverse = _inverse(photometric, elements)
    if inverse:
        notes.append(f"Low values are shown white: the header says {inverse}.")
        np.subtract(1, gray, out=gray)
    if not valid.all():
        notes.append(f"{np.count_nonzero(~valid):,} pixels without a value (padding) are shown black.")
        gray[~valid] = 0
    grays = kept(values, valid, window, inverted=bool(inverse), unit=_unit(elements)) if window else None
    return gray, grays


def _inverse(photometric: str, elements: Elements) -> str | None:
    """What in the header turns black and white around."""
    if photometric == "MONOCHROME1":
        return photometric
    return "Presentation LUT Shape INVERSE" if elements.term("PresentationLUTShape", {"INVERSE"}) else None


def _unit(elements: Elements) -> str:
    """Of the values after the Modality LUT."""
    lookup = elements.items("ModalityLUTSequence")
    return "value" if lookup else elements.term("RescaleType", {"HU"}) or "value"


def _valid(stored: npt.NDArray[Any], elements: Elements) -> Mask:
    """(H, W) whether a pixel is outside Pixel Padding Value to Pixel Padding Range Limit."""
    value, limit = elements.numbers("PixelPaddingValue")[:1], elements.numbers("PixelPaddingRangeLimit")[:1]
    if not value:
        return np.ones(stored.shape, dtype=np.bool_)
    low, high = sorted([value[0], (limit or value)[0]])
    outside: Mask = (stored < low) | (stored > high)
    return outside


def _modality_values(values: Values, elements: Elements, header: ImageHeader) -> tuple[Values, bool]:
    """Values after Modality LUT or rescale (PS3.3 C.11.1), and whether that changed them."""
    for item in elements.items("ModalityLUTSequence")[:1]:
        return table_of(item, "LUT", header.signed).entries(values).astype(values.dtype), True
    slope = _one_number(elements, "RescaleSlope", 1.0)
    intercept = _one_number(elements, "RescaleIntercept", 0.0)
    if slope == 0:
        raise damaged("RescaleSlope in the header is 0, which makes all pixels equal")
    rescaled = (slope, intercept) != (1.0, 0.0)
    return (values * values.dtype.type(slope) + values.dtype.type(intercept) if rescaled else values), rescaled


def _one_number(elements: Elements, keyword: str, default: float) -> float:
    if elements.value(keyword) is None:
        return default
    numbers = elements.numbers(keyword)
    if not numbers:
        raise damaged(f"{keyword} in the header is no number")
    return numbers[0]


def _voi_values(
    values: Values, elements: Elements, header: ImageHeader, notes: list[str]
) -> tuple[Values | None, Window | None]:
    """Values after the first VOI LUT, else the first window (PS3.3 C.11.2), None where there is none to be used; and
    the window, where it is linear."""
    for item in elements.items("VOILUTSequence")[:1]:
        notes.append("Shown through the lookup table (VOI LUT) of the header.")
        return table_of(item, "LUT", header.signed)(values), None
    centers, widths = elements.numbers("WindowCenter"), elements.numbers("WindowWidth")
    if not (centers and widths):
        return None, None
    center, width = centers[0], widths[0]
    function = elements.term("VOILUTFunction", {"LINEAR", "LINEAR_EXACT", "SIGMOID"}) or "LINEAR"
    if width < 1 if function == "LINEAR" else width <= 0:
        return None, None
    notes.append(f"Shown in the window of the header: center {center:g}, width {width:g}.")
    if function == "SIGMOID":
        logistic: Values = 1 / (1 + np.exp(-4 * (values - center) / width))
        return logistic, None
    return _linear(values, center, width) if function == "LINEAR_EXACT" else _linear(values, center - 0.5, width - 1)


def _linear(values: Values, center: float, width: float) -> tuple[Values, Window]:
    """PS3.3 C.11.2.1.3.2, and the window as precise as the values are; width 0 is a threshold (C.11.2.1.2.1)."""
    center, width = float(values.dtype.type(center)), float(values.dtype.type(width))
    shown = (values - center) / width + 0.5 if width > 0 else (values > center).astype(values.dtype)
    return shown, (center, width)
