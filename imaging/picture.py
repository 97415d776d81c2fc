"""What a reader hands to the door: one decoded frame and the little that its file said about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.values import Floats, Grays, Modality


@dataclass(frozen=True, eq=False)
class Picture:
    """One decoded frame.

    pixels (H, W, 1 or 3) float32 in [0, 1], display-referred; source: header fields worth keeping, each from a
    list of allowed values; notes: what reading did or assumed; spacing_mm (row, column) of a pixel; modality as
    the header names it, None where it does not; grays: the values behind the pixels, where they are shown through a
    window; orientation: the anatomical directions of rows and columns where the header names them.
    """

    pixels: Floats
    source: dict[str, str]
    notes: list[str] = field(default_factory=list)
    spacing_mm: tuple[float, float] | None = None
    modality: Modality | None = None
    grays: Grays | None = None
    orientation: tuple[str, str] | None = None
