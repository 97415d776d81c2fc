"""A fundus photograph, about 45 degrees wide: choroid, macula, optic disc, vessel arcades, and diabetic lesions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from core.values import Floats, Mask
from imaging.phantoms.canvas import (
    Line,
    Points,
    blur,
    clouds,
    filled,
    plane,
    rounded,
    smoothstep,
    spots,
    strokes,
    tree,
)

RETINAS = np.array(
    [
        [0.78, 0.42, 0.16],
        [0.80, 0.36, 0.10],
        [0.70, 0.46, 0.32],
        [0.62, 0.33, 0.14],
        [0.72, 0.50, 0.36],
        [0.80, 0.50, 0.14],
    ]
)
ARTERY = np.array([0.98, 0.62, 0.52], dtype=np.float32)  # factors by which blood darkens each channel
VEIN = np.array([0.80, 0.42, 0.40], dtype=np.float32)
HEMORRHAGE = np.array([0.62, 0.24, 0.26], dtype=np.float32)
EXUDATE = np.array([0.98, 0.90, 0.50], dtype=np.float32)
COTTON_WOOL = np.array([0.92, 0.86, 0.70], dtype=np.float32)


def draw(positive: bool, seed: int, size: int) -> tuple[Floats, dict[str, Mask]]:
    """Pixels (size, size, 3) and regions. The same seed gives the same eye with and without lesions, and they
    differ inside the region "lesions" only."""
    rng = np.random.default_rng([seed, 0])
    x, y = plane(size)
    eye = _Eye(rng)
    aperture = smoothstep(-np.hypot(x, y), -eye.radius - 0.004, -eye.radius + 0.008)
    aperture *= smoothstep(-np.abs(y), -eye.clip - 0.004, -eye.clip + 0.004)

    image = _background(rng, size, eye)
    image, disc = _disc(rng, size, image, eye)
    arteries, veins = _vessels(rng, eye)
    contrast = rng.uniform(0.55, 0.95)
    for lines, factors in ((veins, VEIN), (arteries, ARTERY)):
        cover = blur(strokes(size, lines), 0.0035)[..., None] * contrast
        image = image * (1 - cover * (1 - factors))
    reflex = [Line(line.points, line.widths * 0.25) for line in arteries if line.widths[0] > 0.018]
    image = image + blur(strokes(size, reflex), 0.003)[..., None] * 0.09

    regions: dict[str, Mask] = {"field of view": aperture > 0.5, "disc": (disc > 0.5) & (aperture > 0.5)}
    if positive:
        image, regions["lesions"] = _lesions(np.random.default_rng([seed, 1]), size, image, eye, aperture)

    light = np.random.default_rng([seed, 2])
    grain = blur(light.standard_normal((size, size), dtype=np.float32), 0.003) * 0.015
    gain = light.uniform(0.78, 1.1)
    rim = smoothstep(np.hypot(x, y) / eye.radius, 0.85, 1.0) * light.uniform(-0.12, 0.12)
    image = image * gain + grain[..., None] + rim[..., None]
    return np.clip(image * aperture[..., None], 0, 1).astype(np.float32), regions


class _Eye:
    """Where things lie in one eye. side is +1 where the disc is right of the fovea (a right eye)."""

    def __init__(self, rng: Generator) -> None:
        self.side = int(rng.choice([-1, 1]))
        self.radius = rng.uniform(0.93, 0.985)
        self.clip = rng.choice([2.0, rng.uniform(0.8, 0.93)], p=[0.6, 0.4])
        self.disc_radius = rng.uniform(0.135, 0.165)
        self.fovea: Points = np.array([-self.side * rng.uniform(-0.1, 0.22), rng.uniform(-0.06, 0.12)])
        gap = rng.uniform(0.6, 0.7)
        self.disc: Points = self.fovea + np.array([self.side * gap, rng.uniform(-0.12, -0.03)])
        self.temporal = np.pi if self.side > 0 else 0.0


def _background(rng: Generator, size: int, eye: _Eye) -> Floats:
    x, y = plane(size)
    color = RETINAS[rng.integers(len(RETINAS))] * (1 + rng.normal(0, 0.06, 3))
    shade = 1 + 0.05 * clouds(rng, size, 2, 3) + 0.02 * clouds(rng, size, 14, 4, 0.6)
    lit = rng.uniform(-0.5, 0.5, 2)
    shade = shade - rng.uniform(0.12, 0.34) * ((x - lit[0]) ** 2 + (y - lit[1]) ** 2)
    image = color * shade[..., None]
    choroid = np.exp(-((clouds(rng, size, 13, 3, 0.6) / 0.4) ** 2)) * smoothstep(
        np.hypot(x - eye.fovea[0], y - eye.fovea[1]), 0.25, 0.8
    )
    image = image * (1 + rng.uniform(0.0, 0.13) * (choroid[..., None] - 0.4) * np.array([0.5, 1.0, 0.8]))
    glow = np.exp(-(np.hypot(x - eye.disc[0], y - eye.disc[1]) ** 2) / 0.12)
    image = image * (1 + rng.uniform(0.05, 0.2) * glow[..., None])
    off_fovea = np.hypot(x - eye.fovea[0], (y - eye.fovea[1]) * 1.1)
    macula = rng.uniform(0.2, 0.34) * np.exp(-((off_fovea / 0.2) ** 2)) + rng.uniform(0.1, 0.3) * np.exp(
        -((off_fovea / 0.075) ** 2)
    )
    return np.asarray(image * (1 - macula[..., None] * np.array([0.75, 1.0, 0.8])), dtype=np.float32)


def _disc(rng: Generator, size: int, image: Floats, eye: _Eye) -> tuple[Floats, Floats]:
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    wobble = 1 + 0.02 * rng.standard_normal(24)
    ring = np.stack([np.cos(angle) * wobble * 0.92, np.sin(angle) * wobble], axis=1)
    disc = filled(size, [rounded(eye.disc + eye.disc_radius * ring)])
    soft = blur(disc, 0.012)
    brightness = 0.45 + 1.4 * image.mean()
    rim = np.array([1.05, 0.76, 0.46]) * min(1.0, brightness)
    halo = blur(disc, 0.05) * (1 - soft) * rng.uniform(0.0, 0.5)
    image = image + halo[..., None] * np.array([0.22, 0.18, 0.08])
    streaks = 1 + 0.05 * clouds(rng, size, 16, 3)
    image = image + soft[..., None] * (rim * streaks[..., None] - image) * 0.9
    cup_ratio = rng.uniform(0.3, 0.55)
    cup = filled(size, [rounded(eye.disc + (-eye.side * 0.02, 0) + eye.disc_radius * cup_ratio * ring)])
    pale = np.array([1.08, 0.96, 0.72]) * min(1.0, brightness)
    image = image + blur(cup, 0.016)[..., None] * (pale - image) * rng.uniform(0.55, 0.85)
    return np.asarray(image, dtype=np.float32), disc


def _vessels(rng: Generator, eye: _Eye) -> tuple[list[Line], list[Line]]:
    """Arteries and veins: four arcades each, those on the temporal side bending round the macula."""
    away = np.hypot(*(eye.disc - eye.fovea))

    def avoid_fovea(point: Points, heading: float) -> float:
        offset = point - eye.fovea
        distance = np.hypot(*offset)
        if distance > 0.34:
            return 0.0
        outward = np.arctan2(offset[1], offset[0])
        return float(0.25 * np.sin(outward - heading))

    arteries: list[Line] = []
    veins: list[Line] = []
    for lines, caliber, shift in ((veins, 0.034, 0.0), (arteries, 0.023, rng.choice([-0.07, 0.07]))):
        for up in (-1, 1):
            start = eye.disc + rng.normal(0, 0.012, 2)
            lines += _arcade(
                rng,
                eye,
                start,
                up,
                away * rng.uniform(0.72, 0.98) + shift,
                caliber * rng.uniform(0.85, 1.1),
                avoid_fovea,
            )
            nasal = rng.uniform(0.5, 1.0) * up + shift
            heading = nasal if eye.side > 0 else np.pi - nasal
            lines += tree(rng, start, heading, caliber * 0.62, 0.9, forks=2.5, wander=0.1, thinnest=0.007)
        for _ in range(2):
            heading = eye.temporal + rng.uniform(-0.5, 0.5)
            lines += tree(
                rng,
                eye.disc + rng.normal(0, 0.02, 2),
                heading,
                0.012,
                rng.uniform(0.25, 0.42),
                forks=3,
                wander=0.08,
                steer=avoid_fovea,
            )
    return arteries, veins


def _arcade(
    rng: Generator,
    eye: _Eye,
    start: Points,
    up: int,
    height: float,
    width: float,
    steer: Callable[[Points, float], float],
) -> list[Line]:
    """One temporal arcade, a parabola from the disc round the macula, with side branches to both sides."""
    t = np.linspace(0, 1, 90)
    reach = rng.uniform(1.5, 1.75)
    sag = rng.uniform(0.42, 0.55)
    along = reach * t**1.35
    across = height * (t**sag) * (1 - 0.18 * t**3)
    wave = np.cumsum(np.cumsum(rng.normal(0, 0.0042, 90))) * 0.25 * np.minimum(t * 4, 1)
    wave -= wave.mean() * t
    points = start + np.stack([-eye.side * (along - 0.05 * np.sin(np.pi * t)), up * (across + wave)], axis=1)
    widths = width * (1 - 0.62 * t)
    lines = [Line(points, widths)]
    tangents = np.arctan2(*np.gradient(points, axis=0).T[::-1])
    inward = -up * -eye.side
    side = rng.choice([-1, 1])
    for at in range(8, 84, int(rng.integers(9, 13))):
        turned = tangents[at] + side * rng.uniform(0.5, 1.0)
        toward_fovea = side == inward
        length = rng.uniform(0.3, 0.5) if toward_fovea else rng.uniform(0.4, 0.8)
        lines += tree(
            rng,
            points[at],
            turned,
            widths[at] * rng.uniform(0.4, 0.65),
            length,
            forks=3,
            wander=0.11,
            thinnest=0.006,
            steer=steer,
        )
        side = -side
    return lines


def _lesions(rng: Generator, size: int, image: Floats, eye: _Eye, aperture: Floats) -> tuple[Floats, Mask]:
    x, y = plane(size)
    allowed = smoothstep(np.hypot(x - eye.disc[0], y - eye.disc[1]), eye.disc_radius * 1.15, eye.disc_radius * 1.4)
    allowed = allowed * smoothstep(aperture, 0.9, 1.0)
    severity = rng.uniform(0.35, 1.0)

    def around_macula(count: int, spread: float) -> Points:
        return np.asarray(eye.fovea + rng.normal(0, spread, (count, 2)))

    many = int(8 + 45 * severity)
    dots = spots(size, around_macula(many, 0.42), rng.uniform(0.006, 0.011, many))
    blots = int(3 + 14 * severity)
    ragged = blur(spots(size, around_macula(blots, 0.45), rng.uniform(0.012, 0.034, blots)), 0.012) + 0.16 * clouds(
        rng, size, 26, 3
    )
    blood = np.maximum(0.8 * blur(dots, 0.004), smoothstep(ragged, 0.42, 0.7))
    blood = np.maximum(blood, _flames(rng, size, eye, int(8 * severity))) * (0.85 + 0.1 * clouds(rng, size, 8, 2))
    wool = int(rng.poisson(2.2 * severity))
    tufts = np.repeat(around_macula(wool, 0.5), 5, axis=0) + rng.normal(0, 0.024, (5 * wool, 2))
    fluffy = blur(spots(size, tufts, rng.uniform(0.016, 0.034, 5 * wool)), 0.018)
    fluffy = smoothstep(fluffy * (1 + 0.35 * clouds(rng, size, 18, 4)), 0.15, 0.95) * 0.6
    hard = blur(_exudates(rng, size, eye, severity), 0.003)

    result = image
    touched = np.zeros((size, size), dtype=bool)
    for amount, target in ((fluffy, COTTON_WOOL), (blood, image * HEMORRHAGE), (hard, EXUDATE)):
        amount = np.where(amount * allowed > 0.06, amount * allowed, 0)
        result = result + amount[..., None] * (target - result)
        touched |= amount > 0
    return np.asarray(result, dtype=np.float32), touched


def _flames(rng: Generator, size: int, eye: _Eye, count: int) -> Floats:
    """Flame hemorrhages: short brush strokes along the nerve fibers, which fan out from the disc."""
    lines = []
    for _ in range(count):
        place = eye.fovea + rng.normal(0, 0.45, 2)
        radial = place - eye.disc
        fiber = np.arctan2(radial[1], radial[0]) + rng.normal(0, 0.2)
        length = rng.uniform(0.05, 0.12)
        for _ in range(14):
            base = place + rng.normal(0, 0.014, 2)
            tip = base + length * rng.uniform(0.5, 1) * np.array([np.cos(fiber), np.sin(fiber)])
            lines.append(Line(np.linspace(base, tip, 5), np.array([0.006, 0.009, 0.008, 0.006, 0.003])))
    return blur(strokes(size, lines), 0.006) * 0.85


def _exudates(rng: Generator, size: int, eye: _Eye, severity: float) -> Floats:
    """Hard exudates: clusters of small bright grains, some in a ring round a leak."""
    centers: list[Points] = []
    for _ in range(1 + int(rng.poisson(3 * severity))):
        middle = eye.fovea + rng.normal(0, 0.28, 2)
        grains = int(rng.integers(8, 40))
        if rng.uniform() < 0.4:
            angle = rng.uniform(0, 2 * np.pi) + rng.uniform(0, 4.5, grains)
            ring = rng.uniform(0.08, 0.15) * np.stack([np.cos(angle), np.sin(angle)], axis=1)
            centers.append(middle + ring + rng.normal(0, 0.012, (grains, 2)))
        else:
            centers.append(middle + rng.normal(0, rng.uniform(0.025, 0.07), (grains, 2)))
    places = np.concatenate(centers)
    return spots(size, places, np.minimum(rng.lognormal(np.log(0.007), 0.45, len(places)), 0.02))
