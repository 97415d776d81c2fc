"""Brushes shared by the phantoms. Plane coordinates are (x, y) in [-1, 1], x to the right, y down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from scipy import ndimage

from core.values import Floats

Points = npt.NDArray[np.float64]
OVERSAMPLING = 3


@dataclass(frozen=True, eq=False)
class Line:
    """A curve: points (N, 2) in the plane and its full width at each, in plane units."""

    points: Points
    widths: npt.NDArray[np.float64]


def plane(size: int) -> tuple[Floats, Floats]:
    """x and y of every pixel center, each (size, size)."""
    axis = ((np.arange(size, dtype=np.float32) + 0.5) * 2 / size - 1).astype(np.float32)
    x, y = np.meshgrid(axis, axis)
    return x, y


def blur(image: Floats, radius: float) -> Floats:
    """Gaussian blur; radius (one standard deviation) in plane units."""
    blurred: Floats = ndimage.gaussian_filter(image, radius * len(image) / 2, truncate=3.0)
    return blurred


def smoothstep(value: npt.NDArray[np.floating], low: float, high: float) -> Floats:
    """0 below low, 1 above high, smooth between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


def clouds(rng: np.random.Generator, size: int, cells: float, octaves: int = 4, roughness: float = 0.5) -> Floats:
    """Value noise with mean 0 and deviation 1: octaves of random grids, the coarsest about `cells` across."""
    total = np.zeros((size, size), dtype=np.float32)
    for octave in range(octaves):
        n = int(np.ceil(cells * 2**octave)) + 3
        grid = Image.fromarray(rng.standard_normal((n, n), dtype=np.float32))
        left, top = rng.uniform(0, 1, 2)
        span = min(cells * 2**octave, n - 1.0)
        box = (left, top, left + span, top + span)
        total += roughness**octave * np.asarray(grid.resize((size, size), Image.Resampling.BICUBIC, box=box))
    return np.asarray((total - total.mean()) / total.std(), dtype=np.float32)


def rounded(corners: Sequence[tuple[float, float]] | Points, passes: int = 3, closed: bool = True) -> Points:
    """Chaikin's corner cutting: a polygon (or open polyline) turned into a smooth curve."""
    points = np.asarray(corners, dtype=np.float64)
    for _ in range(passes):
        following = np.roll(points, -1, axis=0) if closed else points[1:]
        here = points if closed else points[:-1]
        cut = np.stack([0.75 * here + 0.25 * following, 0.25 * here + 0.75 * following], axis=1).reshape(-1, 2)
        points = cut if closed else np.concatenate([points[:1], cut, points[-1:]])
    return points


def filled(size: int, outlines: Sequence[Points]) -> Floats:
    """Coverage (size, size) in [0, 1] of closed outlines."""
    canvas, scale = _blank(size)
    draw = ImageDraw.Draw(canvas)
    for outline in outlines:
        draw.polygon([tuple(p) for p in (outline + 1) * scale], fill=255)
    return _coverage(canvas)


def strokes(size: int, lines: Sequence[Line]) -> Floats:
    """Coverage (size, size) in [0, 1] of lines; those thinner than the drawing grid are drawn fainter."""
    canvas, scale = _blank(size)
    draw = ImageDraw.Draw(canvas)
    for line in sorted(lines, key=lambda one: float(one.widths.mean())):
        points, widths = (line.points + 1) * scale, line.widths * scale
        for (x0, y0), (x1, y1), width in zip(points[:-1], points[1:], widths[1:], strict=True):
            ink = int(255 * min(1.0, width))
            draw.line((x0, y0, x1, y1), fill=ink, width=max(1, round(width)))
            if width > 3:
                r = width / 2
                draw.ellipse((x1 - r, y1 - r, x1 + r, y1 + r), fill=ink)
    return _coverage(canvas)


def spots(size: int, centers: Points, radii: npt.NDArray[np.float64]) -> Floats:
    """Coverage (size, size) in [0, 1] of discs with centers (N, 2) and radii (N,) in plane units."""
    canvas, scale = _blank(size)
    draw = ImageDraw.Draw(canvas)
    for (x, y), r in zip((centers + 1) * scale, radii * scale, strict=True):
        draw.ellipse((x - r, y - r, x + r, y + r), fill=255)
    return _coverage(canvas)


def tree(
    rng: np.random.Generator,
    start: Points,
    heading: float,
    width: float,
    length: float,
    *,
    wander: float = 0.08,
    forks: float = 5.0,
    thinnest: float = 0.006,
    steer: Callable[[Points, float], float] = lambda point, heading: 0.0,
) -> list[Line]:
    """A branching vessel: it wanders (radians per step), forks so many times per unit length and thins out.

    steer(point, heading) returns an extra turn for each step of 0.02.
    """
    step = 0.02
    count = max(2, round(length / step))
    points, angles = [start], [heading]
    for _ in range(count):
        heading += rng.normal(0, wander) + steer(points[-1], heading)
        points.append(points[-1] + step * np.array([np.cos(heading), np.sin(heading)]))
        angles.append(heading)
    widths = width * np.linspace(1, 0.5, count + 1)
    lines = [Line(np.array(points), widths)]
    side = rng.choice([-1, 1])
    for at in np.flatnonzero(rng.uniform(size=count) < forks * step):
        child = widths[at] * rng.uniform(0.5, 0.8)
        if child > thinnest and at > 2:
            rest = (length - at * step) * rng.uniform(0.5, 0.95)
            turned = angles[at] + side * rng.uniform(0.4, 0.9)
            lines += tree(
                rng, points[at], turned, child, rest, wander=wander, forks=forks, thinnest=thinnest, steer=steer
            )
            side = -side
    return lines


def _blank(size: int) -> tuple[Image.Image, float]:
    return Image.new("L", (size * OVERSAMPLING, size * OVERSAMPLING)), size * OVERSAMPLING / 2


def _coverage(canvas: Image.Image) -> Floats:
    return np.asarray(canvas.reduce(OVERSAMPLING), dtype=np.float32) / np.float32(255)
