"""What the viewer is given and what it gives back. Boxes are (left, top, right, bottom) in shares of the case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Box: TypeAlias = tuple[float, float, float, float]
Lut: TypeAlias = Literal["sequential", "diverging"]

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class Preset:
    """A window with a name; center and width as LINEAR_EXACT takes them (PS3.3 C.11.2.1.3.2)."""

    name: str
    center: float
    width: float


@dataclass(frozen=True)
class Window:
    """How gray values are shown: center and width at first, and what the keys 1 to 5 choose.

    low and high: the values, in unit, of the packed levels 0 and 65535; inverted: high values are dark.
    """

    low: float
    high: float
    center: float
    width: float
    inverted: bool
    unit: str
    presets: tuple[Preset, ...] = ()


@dataclass(frozen=True)
class Frame:
    """The case that a pane shows, of size (width, height) in its own pixels.

    Zoom, window, rotation and measurements belong to id: another id starts with the whole picture and the window as
    given. spacing_mm (row, column) and orientation (of rows and of columns) as in Case; window is None for color.
    """

    id: str
    size: tuple[int, int]
    spacing_mm: tuple[float, float] | None = None
    orientation: tuple[str, str] | None = None
    window: Window | None = None


@dataclass(frozen=True)
class Picture:
    """A picture as a data URI that covers box of the case, also with fewer pixels than that has.

    smooth: interpolated when magnified. planes: 1 (gray) or 3 (red, green, blue) planes of 16-bit values below each
    other in an RGB PNG (high byte red, low byte green), shown through the window of the frame; 0: shown as it is.
    """

    source: str
    box: Box = WHOLE
    smooth: bool = True
    planes: Literal[0, 1, 3] = 0


@dataclass(frozen=True)
class Heat:
    """A map as a data URI of 8-bit levels that covers box of the case; low and high: the values, in unit, of the levels
    0 and 255. signed: 0 lies in the middle of the levels; cells: the same before it was smoothly enlarged, a pixel for
    each cell, None where it was not."""

    source: str
    box: Box
    lut: Lut
    signed: bool
    low: float
    high: float
    unit: str = ""
    cells: str | None = None


@dataclass(frozen=True)
class Pane:
    """A picture, a map, or a map over a picture.

    title and value stand in its head, message on its face; summary is its text for those who don't see it; differs
    marks it. Two panes named "clean" and "perturbed" can be swiped and blinked.
    """

    name: str
    title: str
    value: str = ""
    frame: Frame | None = None
    picture: Picture | None = None
    heat: Heat | None = None
    message: str = ""
    summary: str = ""
    differs: bool = False


@dataclass(frozen=True)
class Scale:
    """A color bar: what it is of, which colors, and the values at its ends."""

    name: str
    lut: Lut
    low: str
    high: str
    unit: str = ""
