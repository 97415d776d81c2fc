"""A chest film drawn from attenuating layers: body, air, heart and great vessels, bones, lung markings."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from core.values import Floats, Mask
from imaging.phantoms.canvas import Line, Points, blur, clouds, filled, plane, rounded, smoothstep, strokes, tree


def draw(positive: bool, seed: int, size: int) -> tuple[Floats, dict[str, Mask]]:
    """Pixels (size, size, 1) and regions; the patient's right is on the viewer's left. The same seed gives the same
    chest with and without the opacity, and they differ inside the region "opacity" only."""
    rng = np.random.default_rng([seed, 0])
    x, y = plane(size)
    build = _Build(rng)
    lungs = filled(size, [build.lung(-1), build.lung(1)])
    depth = np.minimum(ndimage.distance_transform_edt(lungs > 0.5) * 2 / size, 0.22) / 0.22
    air = blur(lungs, 0.006) * (0.42 + 0.58 * np.sqrt(depth)).astype(np.float32)
    shadow = blur(filled(size, [build.heart()]), 0.011)
    column = blur(filled(size, [build.mediastinum()]), 0.012)
    air = air * (1 - build.heart_density * shadow) * (1 - 0.9 * column)
    body = build.body(size)
    film = body * (
        0.68 - 0.22 * smoothstep(np.abs(x - build.shift), 0.3, 1.0) + 0.14 * blur(smoothstep(y, 0.3, 0.8), 0.05)
    )
    film += body * 0.025 * clouds(rng, size, 3, 3)
    film += 0.05 * shadow * smoothstep(y, -0.5, 0.5) + 0.04 * column
    film -= 0.5 * air
    film -= build.trachea(size) + build.stomach_bubble(size)
    film += build.bones(size, lungs, body)
    markings = build.markings(rng, size) * blur(lungs, 0.02) * (1 - 0.7 * shadow)
    film += markings + 0.02 * clouds(rng, size, 24, 4, 0.7) * air

    regions: dict[str, Mask] = {"lungs": lungs > 0.5}
    if positive:
        finding = np.random.default_rng([seed, 1])
        opacity = _opacity(finding, size, lungs, build)
        density = opacity * (0.08 + 0.75 * air) * finding.uniform(0.34, 0.52)
        film += density - 0.5 * opacity * markings
        regions["opacity"] = opacity > 0

    noise = np.random.default_rng([seed, 2])
    film = film * noise.uniform(0.9, 1.08) + noise.uniform(-0.02, 0.05)
    film += noise.uniform(-0.04, 0.04) * x + noise.uniform(-0.04, 0.04) * y
    grain = blur(noise.standard_normal((size, size), dtype=np.float32), 0.003) * noise.uniform(0.012, 0.03)
    film = smoothstep(film + grain, -0.12, noise.uniform(1.02, 1.2)) ** noise.uniform(0.75, 1.1)
    return np.clip(film, 0, 1)[..., None].astype(np.float32), regions


class _Build:
    """One patient's proportions, drawn once, and the outlines that follow from them."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.wide = rng.uniform(0.84, 1.04)
        self.tall = rng.uniform(0.88, 1.06)
        self.down = rng.uniform(-0.04, 0.08)
        self.shift = rng.uniform(-0.05, 0.05)
        self.apex = rng.uniform(0.22, 0.31)
        self.dome = {-1: rng.uniform(0.36, 0.5), 1: rng.uniform(0.43, 0.56)}
        self.heart_size = rng.uniform(0.85, 1.15)
        self.heart_density = rng.uniform(0.62, 0.85)
        self.flank = rng.uniform(0.05, 0.26)
        self.jitter = rng.normal(0, 0.012, (2, 14, 2))

    def place(self, points: list[tuple[float, float]] | Points) -> Points:
        """Standard chest -> this patient's film."""
        scaled = np.asarray(points, dtype=np.float64) * (self.wide, self.tall)
        placed: Points = scaled + np.array([self.shift, self.down])
        return placed

    def lung(self, side: int) -> Points:
        dome = self.dome[side]
        corners = np.array(
            [
                (self.apex, -0.86),
                (0.13, -0.78),
                (0.11, -0.45),
                (0.09, 0.0),
                (0.09, 0.35),
                (0.13, dome + 0.08),
                (0.28, dome - 0.02),
                (0.46, dome),
                (0.62, dome + 0.12),
                (0.74, dome + 0.33),
                (0.76, 0.45),
                (0.73, 0.1),
                (0.64, -0.4),
                (0.45, -0.8),
            ]
        )
        corners = corners + self.jitter[(side + 1) // 2]
        return rounded(self.place(corners * (side, 1)))

    def heart(self) -> Points:
        grown = self.heart_size
        return rounded(
            self.place(
                [
                    (-0.1, -0.5),
                    (-0.13, -0.15),
                    (-0.15 * grown, 0.0),
                    (-0.24 * grown, 0.2),
                    (-0.2 * grown, 0.42),
                    (-0.1, 0.78),
                    (0.3 * grown, 0.78),
                    (0.54 * grown, 0.62),
                    (0.5 * grown, 0.36),
                    (0.33 * grown, 0.08),
                    (0.19, -0.08),
                    (0.16, -0.2),
                    (0.21, -0.36),
                    (0.15, -0.5),
                    (0.08, -0.6),
                ]
            )
        )

    def mediastinum(self) -> Points:
        return rounded(
            self.place(
                [
                    (-0.1, -1.3),
                    (-0.12, -0.6),
                    (-0.1, 0.2),
                    (-0.11, 1.3),
                    (0.11, 1.3),
                    (0.1, 0.2),
                    (0.12, -0.6),
                    (0.1, -1.3),
                ]
            )
        )

    def body(self, size: int) -> Floats:
        wall = 0.78 + self.flank
        half = [
            (0.19, -1.4),
            (0.2, -0.98),
            (0.34, -0.88),
            (0.72, -0.8),
            (1.02, -0.66),
            (1.12, -0.3),
            (1.08, 0.0),
            (wall + 0.02, -0.22),
            (wall, 0.2),
            (wall, 0.6),
            (wall + 0.04, 1.4),
        ]
        outline = rounded(self.place(half + [(-a, b) for a, b in reversed(half)]))
        trunk = filled(size, [outline])
        arms = [
            _tube(self.place([(side * 1.02, -0.6), (side * 1.16, -0.2), (side * 1.3, 1.4)]), 0.3) for side in (-1, 1)
        ]
        soft = np.maximum(trunk, 0.8 * strokes(size, arms))
        return blur(soft, 0.012) * (0.35 + 0.65 * blur(soft, 0.06))

    def trachea(self, size: int) -> Floats:
        bend = self.rng.uniform(0.0, 0.02)
        windpipe = self.place([(0, -1.3), (bend, -0.7), (-bend, -0.5), (-bend, -0.28)])
        carina = windpipe[-1]
        lines = [_tube(windpipe, 0.085)]
        for offset in ((-0.17, 0.14), (0.2, 0.17)):
            lines.append(Line(np.array([carina, carina + offset]), np.array([0.07, 0.055])))
        faded = smoothstep(-plane(size)[1], -0.1, 0.4)
        return 0.17 * blur(strokes(size, lines), 0.012) * (0.3 + 0.7 * faded)

    def stomach_bubble(self, size: int) -> Floats:
        x, y = plane(size)
        center = self.place([(self.rng.uniform(0.3, 0.45), self.dome[1] + self.rng.uniform(0.16, 0.24))])[0]
        rx, ry = self.rng.uniform(0.08, 0.16), self.rng.uniform(0.04, 0.09)
        inside = 1 - ((x - center[0]) / rx) ** 2 - ((y - center[1]) / ry) ** 2
        return np.asarray(max(0.0, self.rng.uniform(-0.1, 0.2)) * smoothstep(inside, 0, 0.8), dtype=np.float32)

    def bones(self, size: int, lungs: Floats, body: Floats) -> Floats:
        x, y = plane(size)
        bones = self.ribs(size) * (0.25 + 0.75 * blur(lungs, 0.05))
        center = self.shift
        pitch = self.rng.uniform(0.13, 0.15)
        level = (y - self.down) / (pitch * self.tall)
        bodies = 0.72 + 0.28 * np.cos(2 * np.pi * level)
        spine = smoothstep(-np.abs(x - center), -0.11 * self.wide, -0.08 * self.wide)
        bones += 0.05 * spine * smoothstep(bodies, 0.4, 0.9)
        processes = smoothstep(-np.hypot((x - center) / 0.025, (np.mod(level, 1) - 0.5) * pitch / 0.045), -1, -0.6)
        bones += 0.05 * processes * spine
        rise = self.rng.uniform(0.02, 0.14)
        for side in (-1, 1):
            clavicle = rounded(
                self.place(
                    [(side * 0.07, -0.6), (side * 0.25, -0.66), (side * 0.5, -0.66 - rise), (side * 0.85, -0.72 - rise)]
                ),
                closed=False,
            )
            bones += 0.15 * blur(_bone(size, [clavicle], 0.062), 0.005)
            blade = filled(
                size,
                [
                    rounded(
                        self.place(
                            [
                                (side * 0.62, -0.7),
                                (side * 0.98, -0.72),
                                (side * 0.94, -0.4),
                                (side * 0.72, 0.02),
                                (side * 0.66, -0.1),
                            ]
                        )
                    )
                ],
            )
            bones += 0.045 * blur(blade, 0.008) + 0.05 * np.abs(blur(blade, 0.004) - blur(blade, 0.014))
            humerus = self.place([(side * 1.0, -0.66), (side * 1.14, -0.2), (side * 1.3, 1.4)])
            bones += 0.12 * blur(strokes(size, [Line(humerus, np.array([0.17, 0.13, 0.12]))]), 0.008)
        return bones * smoothstep(body, 0.1, 0.5)

    def ribs(self, size: int) -> Floats:
        """Ten pairs: each leaves the spine, bends round the flank and comes forward, fainter and broader."""
        slope, gap = self.rng.uniform(0.24, 0.4), self.rng.uniform(0.15, 0.17)
        t = np.linspace(0, 1, 60)
        across = np.sin(np.pi * 0.8 * t**0.85)
        arch = 0.1 * t - 0.05 * np.sin(np.pi * np.minimum(t * 2.2, 1))
        back, front = [], []
        for index in range(10):
            top = -0.8 + gap * index
            reach = np.interp(top + 0.25, [-0.8, -0.4, 0.1, 0.5], [0.42, 0.62, 0.75, 0.79])
            down = top + arch + slope * (0.35 + 0.1 * index) * t**1.5
            for side in (-1, 1):
                curve = self.place(np.stack([side * (0.06 + (reach - 0.06) * across), down], axis=1))
                back.append(curve[:38])
                front.append(curve[36:])
        return blur(0.15 * _bone(size, back, 0.05) + 0.085 * _bone(size, front, 0.06), 0.0045)

    def markings(self, rng: np.random.Generator, size: int) -> Floats:
        """Bronchovascular markings: trees that leave the hila and thin out before the periphery."""
        lines: list[Line] = []
        for side, height in ((-1, -0.08), (1, -0.13)):
            hilum = self.place([(side * 0.17, height)])[0]
            for angle in np.linspace(-1.3, 1.45, 9) + rng.normal(0, 0.1, 9):
                heading = angle if side > 0 else np.pi - angle
                lines += tree(
                    rng,
                    hilum + rng.normal(0, 0.025, 2),
                    heading,
                    rng.uniform(0.02, 0.034),
                    rng.uniform(0.4, 0.62),
                    forks=9,
                    thinnest=0.004,
                    wander=0.11,
                )
        thick = [line for line in lines if line.widths[0] > 0.016]
        return np.asarray(
            0.05 * blur(strokes(size, lines), 0.005) + 0.09 * blur(strokes(size, thick), 0.022), dtype=np.float32
        )


def _tube(corners: Points, width: float) -> Line:
    curve = rounded(corners, closed=False)
    return Line(curve, np.full(len(curve), width))


def _bone(size: int, curves: list[Points], width: float) -> Floats:
    """Long bones of this width: a bright cortex round a fainter marrow."""
    outer = strokes(size, [Line(curve, np.full(len(curve), width)) for curve in curves])
    inner = strokes(size, [Line(curve, np.full(len(curve), 0.62 * width)) for curve in curves])
    return outer - 0.45 * inner


def _opacity(rng: np.random.Generator, size: int, lungs: Floats, build: _Build) -> Floats:
    """How far air is replaced, (size, size) in [0, 1]: cloudy, soft at the margin, zero outside the lungs."""
    x, y = plane(size)
    inside = smoothstep(ndimage.distance_transform_edt(lungs > 0.5) * 2 / size, 0.0, 0.05)
    sides = [(-1,), (1,), (-1, 1)][rng.choice(3, p=[0.36, 0.36, 0.28])]
    extent = np.zeros((size, size), dtype=np.float32)
    for side in sides:
        for _ in range(rng.integers(1, 4)):
            center = build.place([(side * rng.uniform(0.3, 0.56), rng.uniform(-0.45, 0.3))])[0]
            rx, ry = rng.uniform(0.14, 0.27), rng.uniform(0.14, 0.28)
            extent = np.maximum(extent, 1 - np.hypot((x - center[0]) / rx, (y - center[1]) / ry) * 0.55)
    ragged = extent + 0.13 * clouds(rng, size, 7, 5, 0.6)
    ragged += max(0.0, 0.75 - float(np.quantile(ragged[inside > 0.5], 0.92)))
    amount = smoothstep(ragged, 0.36, 0.85) * inside
    amount *= 0.8 + 0.16 * clouds(rng, size, 16, 4, 0.7)
    if rng.uniform() < 0.5:
        amount *= 1 - 0.45 * _air_bronchogram(rng, size, sides[0], build)
    return np.where(amount > 0.03, np.clip(amount, 0, 1), 0).astype(np.float32)


def _air_bronchogram(rng: np.random.Generator, size: int, side: int, build: _Build) -> Floats:
    lines: list[Line] = []
    for angle in (0.1, 0.6, 1.1):
        start = build.place([(side * 0.2, -0.02)])[0]
        lines += tree(
            rng, start, angle if side > 0 else np.pi - angle, 0.026, 0.5, forks=6, thinnest=0.008, wander=0.05
        )
    return blur(strokes(size, lines), 0.006)
