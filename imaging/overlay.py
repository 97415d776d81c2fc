"""Maps over pictures, for the command line and reports; the viewer blends by the same rule."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.values import Attribution, Floats
from imaging.colormaps import DIVERGING, SEQUENTIAL
from imaging.geometry import recolored

__all__ = ["DIVERGING", "SEQUENTIAL", "display_scale", "has_evidence", "magnified", "overlay", "shared_scale", "to_png"]

Bytes: TypeAlias = npt.NDArray[np.uint8]
Scale: TypeAlias = tuple[float, float]

NOTHING = 1e-12  # a map that nowhere exceeds this holds no evidence
_GAMMA = 0.8
_FACTORS = [2**power for power in range(11)]


def shared_scale(attributions: Sequence[Attribution]) -> Scale:
    """The range (low, high) that holds all maps: symmetric about 0 for signed maps, else from 0.

    Maps without evidence get a range of length 1, so low is always less than high.
    """
    signed = any(attribution.signed for attribution in attributions)
    peak = max(_peak(attribution.heat, signed) for attribution in attributions)
    high = peak if peak > NOTHING else 1.0
    return (-high if signed else 0.0, high)


def display_scale(heats: Sequence[Floats], signed: bool) -> Scale:
    """The range (low, high) in which maps are drawn side by side: symmetric about 0 for signed maps, else from 0.

    It ends at the 99th percentile of all strengths, so that single pixels don't darken the rest; what lies beyond is
    drawn like the end. Where hardly anything is above 0 it ends at the peak.
    """
    strengths = np.abs(np.concatenate([heat.ravel() for heat in heats]))
    high = next((end for end in (float(np.percentile(strengths, 99)), float(strengths.max())) if end > NOTHING), 1.0)
    return (-high if signed else 0.0, high)


def has_evidence(attribution: Attribution) -> bool:
    """Whether a map says anything at all."""
    return _peak(attribution.heat, attribution.signed) > NOTHING


def overlay(
    base: Floats, heat: Floats, scale: Scale, signed: bool, opacity: float = 0.8, threshold: float = 0.1
) -> Bytes:
    """A map over a picture in gray or color -> (H, W, 3).

    base (H, W, 1 or 3) in [0, 1]; heat (H, W), raw; scale from shared_scale. The color tells the value; its opacity
    rises from 0 at threshold (a share of the scale, both signs alike) to opacity at the end of the scale.
    """
    low, high = scale
    level = ((heat - low) / (high - low)).clip(0, 1)
    strength = np.abs(2 * level - 1) if signed else level
    cover = opacity * (((strength - threshold) / (1 - threshold)).clip(0, 1) ** _GAMMA)[..., None]
    colors = (DIVERGING if signed else SEQUENTIAL)[np.rint(255 * level).astype(np.uint8)] / 255
    return _eight_bit(recolored(base, 3) * (1 - cover) + colors * cover)


def magnified(clean: Floats, perturbed: Floats) -> tuple[Floats, int]:
    """The change around mid-gray, in [0, 1] and the shape of both, and how many times it is magnified.

    The factor is the largest power of two at which no change is cut off.
    """
    change = perturbed - clean
    largest = float(np.abs(change).max())
    factor = max((factor for factor in _FACTORS if factor * largest <= 0.5), default=1) if largest else 1
    picture: Floats = (0.5 + factor * change).clip(0, 1)
    return picture, factor


def to_png(picture: Floats | Bytes) -> bytes:
    """(H, W), (H, W, 1) or (H, W, 3), 8-bit or in [0, 1] -> the bytes of a PNG, without metadata."""
    levels = np.asarray(picture if picture.dtype == np.uint8 else _eight_bit(picture))
    stream = io.BytesIO()
    Image.fromarray(levels[..., 0] if levels.shape[2:] == (1,) else levels).save(stream, format="PNG")
    return stream.getvalue()


def _peak(heat: Floats, signed: bool) -> float:
    return float(np.abs(heat).max() if signed else heat.max())


def _eight_bit(picture: npt.NDArray[Any]) -> Bytes:
    levels: Bytes = np.rint(255 * picture.clip(0, 1)).astype(np.uint8)
    return levels
