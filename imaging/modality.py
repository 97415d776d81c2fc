"""What kind of picture it is, told from the pixels: a guess for files that don't say, and a check of those that do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.values import Floats, Modality

# Chosen on 2,153 color pictures (dermoscopy and fundus, from five sources), 99 % of which they tell apart.
_GRAY = 0.015  # mean difference between a pixel's strongest and weakest color
_DARK = 0.12
_ORANGE_RETINA = 0.35  # blue / red
_RETINA = 0.85
# Stricter, for saying that somebody is wrong: true of less than 1 in 1,000 dermoscopy images.
_BLACK = 0.03
_CLEARLY_ORANGE = 0.3


@dataclass(frozen=True)
class Look:
    """colors: mean difference between a pixel's strongest and weakest color; blue_to_red of what is not dark; corners:
    mean brightness of the four, rising."""

    colors: float
    blue_to_red: float
    corners: tuple[float, ...]

    @property
    def gray(self) -> bool:
        """Whether it has no colors to speak of."""
        return self.colors < _GRAY

    @property
    def surrounded(self) -> bool:
        """Whether dark corners surround the picture, as they do a whole field of view."""
        return self.corners[1] < _DARK


def look_of(pixels: Floats) -> Look:
    """(H, W, 1 or 3) in [0, 1] -> Look, from some 64 x 64 of its pixels."""
    height, width = pixels.shape[:2]
    small = pixels[:: max(1, height // 64), :: max(1, width // 64)]
    brightness = small.max(axis=2)
    lit = small[brightness > _DARK].mean(axis=0) if (brightness > _DARK).any() else small.mean(axis=(0, 1))
    rows, columns = (max(1, length // 16) for length in brightness.shape)
    corners = [
        float(brightness[r, c].mean())
        for r in (slice(rows), slice(-rows, None))
        for c in (slice(columns), slice(-columns, None))
    ]
    return Look(
        colors=float(np.ptp(small, axis=2).mean()),
        blue_to_red=float(lit[-1] / max(lit[0], 1e-3)),
        corners=tuple(sorted(corners)),
    )


def guess(pixels: Floats) -> Modality:
    """(H, W, 1 or 3) in [0, 1]: gray is a chest X-ray; orange, or colored with dark corners, a fundus photograph."""
    look = look_of(pixels)
    if look.gray:
        return "cxr"
    retina = look.blue_to_red < _ORANGE_RETINA or (look.surrounded and look.blue_to_red < _RETINA)
    return "fundus" if retina else "dermoscopy"


def contradicted(pixels: Floats, stated: Modality) -> Modality | None:
    """The kind of picture that (H, W, 1 or 3) clearly is, where that is not the stated one. Gray may be any kind."""
    look, kind = look_of(pixels), guess(pixels)
    if look.gray or kind == stated:
        return None
    if stated == "dermoscopy":  # a dermoscope has a dark surround at times
        black = look.corners[-1] < _BLACK and look.blue_to_red < _RETINA
        return "fundus" if black or look.blue_to_red < _CLEARLY_ORANGE else None
    return kind
