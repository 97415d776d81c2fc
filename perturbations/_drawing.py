"""What artifacts are drawn with. Positions and lengths are in shorter sides of the picture, x to the right and y down
from its middle, so that a small and a large picture look alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from core.values import Floats

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
EYE = 0.05  # brightness from which a fundus photograph shows the eye
Doubles: TypeAlias = npt.NDArray[np.float64]
Point: TypeAlias = tuple[float, float] | Doubles
Points: TypeAlias = Sequence[Point] | Doubles


def side(picture: Floats) -> int:
    """Pixels of the shorter side of (C, h, w)."""
    return int(min(picture.shape[1:]))


def places(picture: Floats) -> tuple[Floats, Floats]:
    """x (1, w) and y (h, 1) of the pixels of (C, h, w)."""
    height, width = picture.shape[1:]
    x = ((np.arange(width) + 0.5 - width / 2) / side(picture)).astype(np.float32)
    y = ((np.arange(height) + 0.5 - height / 2) / side(picture)).astype(np.float32)
    return x[None], y[:, None]


def color(picture: Floats, rgb: tuple[float, float, float]) -> Floats:
    """(C, 1, 1): the color, or for a gray picture the gray of the same brightness."""
    values = rgb if len(picture) == 3 else (float(np.dot(LUMA, rgb)),)
    return np.array(values, dtype=np.float32)[:, None, None]


def over(picture: Floats, paint: Floats, cover: Floats) -> Floats:
    """picture (C, h, w) with paint laid over it, of which cover in [0, 1] shows."""
    return picture + cover * (paint - picture)


def clouds(picture: Floats, cells: int, rng: np.random.Generator) -> Floats:
    """(h, w) of a smooth random field with about so many hills along the shorter side, between 0 and 1."""
    height, width = picture.shape[1:]
    coarse = rng.random((cells + 2, cells + 2), dtype=np.float32)
    field = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
    hills: Floats = (field - field.min()) / max(float(np.ptp(field)), 1e-6)
    return hills


def blur(field: Floats, sigma: float, picture: Floats) -> Floats:
    """(..., h, w) after a Gaussian of sigma; beyond the border the outermost values go on."""
    pixels, flat = sigma * side(picture), (0,) * (field.ndim - 2)
    blurred: Floats = ndimage.gaussian_filter(field, (*flat, pixels, pixels), mode="nearest", truncate=3)
    return blurred


def spread(rows: Doubles, columns: Doubles) -> Floats:
    """(2 r + 1, 2 r + 1) kernel, sum 1, of a point that spends equal time at all offsets, in pixels."""
    radius = int(np.ceil(max(np.abs(rows).max(), np.abs(columns).max())))
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    kernel = np.zeros((2 * radius + 3, 2 * radius + 3))
    for row, high in ((top, 1 - (rows - top)), (top + 1, rows - top)):
        for column, wide in ((left, 1 - (columns - left)), (left + 1, columns - left)):
            np.add.at(kernel, (row + radius + 1, column + radius + 1), high * wide / len(rows))
    return kernel[1:-1, 1:-1].astype(np.float32)


def convolve(picture: Floats, kernel: Floats) -> Floats:
    """(C, h, w) with each point spread as in kernel; beyond the border the outermost pixels go on."""
    from scipy import signal  # half a second that only blurs need

    radius = len(kernel) // 2
    padded = np.pad(picture, ((0, 0), (radius, radius), (radius, radius)), mode="edge")
    blurred: Floats = signal.oaconvolve(padded, kernel[None], mode="valid", axes=(1, 2))
    return blurred


def eye(picture: Floats) -> Floats:
    """(h, w) in [0, 1]: where a fundus photograph (C, h, w) shows the eye, not the black around it."""
    bright = blur(picture.max(axis=0), 0.006, picture) > EYE
    return blur(ndimage.binary_fill_holes(bright).astype(np.float32), 0.006, picture)


def beyond(picture: Floats) -> Literal["constant", "reflect"]:
    """What scipy.ndimage shall take for the surroundings: black if the corners of (C, h, w) are, else a mirror."""
    return "constant" if np.median(picture[:, [0, 0, -1, -1], [0, -1, 0, -1]]) < EYE else "reflect"


class Canvas:
    """Masks (h, w) in [0, 1] drawn with smooth edges; where strokes meet, the later one counts."""

    def __init__(self, picture: Floats) -> None:
        self._height, self._width = picture.shape[1:]
        self._finer = 4 if side(picture) < 512 else 2
        self._unit = side(picture) * self._finer
        self._image = Image.new("L", (self._width * self._finer, self._height * self._finer))
        self._pen = ImageDraw.Draw(self._image)

    def _at(self, points: Points) -> list[tuple[float, float]]:
        middle = np.array([self._width, self._height]) * self._finer / 2
        return [(float(x), float(y)) for x, y in np.asarray(points) * self._unit + middle - 0.5]

    def polygon(self, points: Points, value: float = 1.0) -> None:
        """Fill the polygon with these corners."""
        self._pen.polygon(self._at(points), fill=round(255 * value))

    def stroke(self, points: Points, width: float | Doubles, value: float = 1.0) -> None:
        """A line through points (n, 2), as wide as said, at each point or everywhere; never thinner than a finest
        pixel."""
        path = np.asarray(points, dtype=np.float64)
        along = np.gradient(path, axis=0)
        across = np.stack([-along[:, 1], along[:, 0]], axis=1)
        across /= np.linalg.norm(across, axis=1, keepdims=True) + 1e-9
        half = np.broadcast_to(np.maximum(width, 1 / self._unit) / 2, len(path))[:, None] * across
        self.polygon(np.concatenate([path + half, (path - half)[::-1]]), value)

    def disc(self, middle: Point, radius: float, value: float = 1.0) -> None:
        """A filled circle."""
        corners = self._at(np.add(middle, [(-radius, -radius), (radius, radius)]))
        self._pen.ellipse([*corners[0], *corners[1]], fill=round(255 * value))

    def words(self, text: str, x: float, y: float, height: float, anchor: str, bold: float = 0.0) -> None:
        """A line of text with capitals about 0.7 height tall; anchor as in Pillow, bold widens its lines."""
        font = ImageFont.load_default(size=max(1.0, height * self._unit))
        (place,) = self._at([(x, y)])
        self._pen.text(place, text, fill=255, font=font, anchor=anchor, stroke_width=bold * self._unit)

    def mask(self) -> Floats:
        """(h, w): what was drawn."""
        return np.asarray(self._image.reduce(self._finer), dtype=np.float32) / np.float32(255)


def curve(start: Point, bend: Point, end: Point, points: int = 24) -> Doubles:
    """(points, 2) along the quadratic Bezier curve from start to end, drawn towards bend."""
    t = np.linspace(0, 1, points)[:, None]
    path: Doubles = (1 - t) ** 2 * np.asarray(start) + 2 * t * (1 - t) * np.asarray(bend) + t**2 * np.asarray(end)
    return path
