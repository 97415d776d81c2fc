"""A dermoscopic picture: skin, a pigmented lesion, hair and the dark corners of the dermatoscope.

Pigment darkens by absorption: color = skin * exp(-density * melanin), so brown, dark brown and black are one pigment
at rising density.
"""

from __future__ import annotations

import numpy as np

from core.values import Floats, Mask
from imaging.phantoms.canvas import Line, blur, clouds, plane, smoothstep, spots, strokes

MELANIN = np.array([0.62, 1.0, 1.3], dtype=np.float32)
SKINS = np.array(
    [
        [0.86, 0.68, 0.62],
        [0.80, 0.60, 0.53],
        [0.90, 0.76, 0.72],
        [0.76, 0.58, 0.50],
        [0.84, 0.70, 0.60],
        [0.62, 0.46, 0.38],
    ]
)
BLUE_VEIL = np.array([0.36, 0.40, 0.50], dtype=np.float32)
REGRESSION = np.array([0.88, 0.80, 0.80], dtype=np.float32)
REDNESS = np.array([0.78, 0.38, 0.38], dtype=np.float32)


def draw(positive: bool, seed: int, size: int) -> tuple[Floats, dict[str, Mask]]:
    """Pixels (size, size, 3) and the region "lesion". Benign: one shape, one or two browns, a regular pattern.
    Melanoma: asymmetric, several colors, an irregular margin and pattern."""
    rng = np.random.default_rng([seed, int(positive)])
    skin = _skin(rng, size)
    image, lesion = (_melanoma if positive else _nevus)(rng, size, skin)
    image = _hair(rng, size, image)
    image = _optics(rng, size, image)
    return np.clip(image, 0, 1).astype(np.float32), {"lesion": lesion}


def _skin(rng: np.random.Generator, size: int) -> Floats:
    tone = SKINS[rng.choice(len(SKINS), p=[0.22, 0.22, 0.2, 0.14, 0.16, 0.06])] + rng.normal(0, 0.02, 3)
    relief = 0.012 * clouds(rng, size, 4, 3) + 0.012 * clouds(rng, size, 40, 3, 0.8)
    flush = 0.02 * clouds(rng, size, 6, 4, 0.6)
    furrows = np.exp(-((clouds(rng, size, 22, 2) / 0.16) ** 2)) * rng.uniform(0.0, 0.03)
    lightness = relief - furrows
    skin = tone + lightness[..., None] + flush[..., None] * np.array([0.1, -1.0, -0.7])
    freckles = smoothstep(clouds(rng, size, 9, 2), 1.9, 2.9) * rng.uniform(0, 0.35)
    return np.asarray(skin * np.exp(-freckles[..., None] * MELANIN), dtype=np.float32)


def _outline(rng: np.random.Generator, size: int, radius: float, lobes: Floats, ragged: float) -> Floats:
    """Signed distance-like field, about 1 at the center, 0 at the margin: a circle bent by lobes and noise."""
    x, y = plane(size)
    center = rng.uniform(-0.14, 0.14, 2)
    x, y = x - center[0], y - center[1]
    angle = np.arctan2(y, x)
    reach = np.full((size, size), radius, dtype=np.float32)
    for order, strength in enumerate(lobes, start=2):
        reach += radius * strength * rng.normal() * np.cos(order * angle + rng.uniform(0, 2 * np.pi))
    reach = np.maximum(reach, 0.3 * radius)
    return np.asarray(1 - np.hypot(x, y) / reach + ragged * clouds(rng, size, 6, 5, 0.6), dtype=np.float32)


def _network(rng: np.random.Generator, size: int, pitch: float, disorder: float) -> Floats:
    """Pigment network: dark lines around light holes, (size, size) in [0, 1]; a warped sum of three plane waves."""
    x, y = plane(size)
    x = x + disorder * pitch * clouds(rng, size, 5, 4, 0.6)
    y = y + disorder * pitch * clouds(rng, size, 5, 4, 0.6)
    turn = rng.uniform(0, np.pi)
    waves = sum(
        np.cos(2 * np.pi / pitch * (x * np.cos(turn + a) + y * np.sin(turn + a)))
        for a in (0, 2 * np.pi / 3, 4 * np.pi / 3)
    )
    strength = np.clip(0.8 + 0.25 * clouds(rng, size, 8, 4), 0, 1.3)
    return np.asarray(smoothstep(-np.asarray(waves), -1.8, 1.5) * strength, dtype=np.float32)


def _globules(rng: np.random.Generator, size: int, count: int, smallest: float, largest: float) -> Floats:
    centers = rng.uniform(-0.8, 0.8, (count, 2))
    return blur(spots(size, centers, rng.uniform(smallest, largest, count)), 0.008)


def _stained(image: Floats, density: Floats) -> Floats:
    return np.asarray(image * np.exp(-np.maximum(density, 0)[..., None] * MELANIN), dtype=np.float32)


def _tinted(image: Floats, amount: Floats, color: Floats) -> Floats:
    return np.asarray(image + np.clip(amount, 0, 1)[..., None] * (color - image), dtype=np.float32)


def _nevus(rng: np.random.Generator, size: int, skin: Floats) -> tuple[Floats, Mask]:
    inside = _outline(rng, size, rng.uniform(0.24, 0.52), np.array([0.12, 0.035, 0.02]), 0.045)
    body = smoothstep(inside, -0.03, rng.uniform(0.12, 0.35))
    depth = rng.uniform(0.45, 0.95)
    density = body * depth * (0.75 + rng.uniform(0.1, 0.4) * smoothstep(inside, 0.2, 0.9))
    density *= 1 + 0.16 * clouds(rng, size, 8, 5, 0.7)
    pattern = rng.choice(["network", "globules", "plain"], p=[0.5, 0.3, 0.2])
    if pattern == "network":
        net = _network(rng, size, rng.uniform(0.04, 0.06), 0.45)
        density += body * depth * 0.6 * (net - 0.4) * (1 - 0.8 * smoothstep(inside, 0.35, 0.9))
    elif pattern == "globules":
        density += body * 0.5 * _globules(rng, size, 320, 0.012, 0.022)
    image = _tinted(_stained(skin, density), rng.uniform(0.0, 0.12) * body, REDNESS)
    return image, inside > 0.02


def _melanoma(rng: np.random.Generator, size: int, skin: Floats) -> tuple[Floats, Mask]:
    lobes = np.array([0.2, 0.12, 0.08, 0.05, 0.03])
    inside = _outline(rng, size, rng.uniform(0.42, 0.62), lobes, rng.uniform(0.1, 0.17))
    x, y = plane(size)
    tilt = rng.uniform(0, 2 * np.pi)
    lopsided = x * np.cos(tilt) + y * np.sin(tilt) + 0.25 * clouds(rng, size, 3, 3)
    abrupt = smoothstep(inside, -0.01, 0.05)
    fading = smoothstep(inside, -0.02, 0.4)
    mix = smoothstep(lopsided, -0.3, 0.3)
    body = abrupt * mix + fading * (1 - mix)
    density = body * (0.75 + 0.5 * mix + 0.32 * clouds(rng, size, 6, 5, 0.65))
    net = _network(rng, size, rng.uniform(0.05, 0.07), 0.6)
    density += body * 0.55 * (net - 0.4) * smoothstep(clouds(rng, size, 3, 3), -0.4, 0.9)
    density += body * 0.9 * _globules(rng, size, 90, 0.01, 0.04) * smoothstep(clouds(rng, size, 3, 2), -0.2, 0.6)
    density += body * 1.6 * smoothstep(clouds(rng, size, 4, 5, 0.6), 0.9, 1.6)
    image = _tinted(skin, 0.22 * blur(body, 0.05) * (1 + 0.4 * clouds(rng, size, 3, 3)), REDNESS)
    image = _stained(image, density)
    veil = smoothstep(clouds(rng, size, 3, 5, 0.6), 0.2, 1.3) * smoothstep(inside, 0.1, 0.35)
    image = _tinted(image, veil * rng.uniform(0.3, 0.75), BLUE_VEIL * rng.uniform(0.75, 1.1))
    scar = smoothstep(clouds(rng, size, 4, 5, 0.6), 1.0, 1.8) * smoothstep(inside, 0.1, 0.3)
    image = _tinted(image, scar * rng.uniform(0.2, 0.75), REGRESSION)
    return image, inside > 0.0


def _hair(rng: np.random.Generator, size: int, image: Floats) -> Floats:
    count = int(rng.choice([0, 4, 10, 22], p=[0.35, 0.3, 0.22, 0.13]))
    if count == 0:
        return image
    sweep = rng.uniform(0, np.pi)
    t = np.linspace(0, 1, 40)[:, None]
    hairs = []
    for _ in range(count):
        angle = sweep + rng.normal(0, 0.4)
        along = np.array([np.cos(angle), np.sin(angle)])
        root, reach = rng.uniform(-1, 1, 2), rng.uniform(0.5, 1.6)
        bow = rng.normal(0, 0.15) * np.array([-along[1], along[0]])
        points = root + along * reach * (t - 0.3) + 4 * bow * t * (1 - t)
        hairs.append(Line(points, rng.uniform(0.008, 0.016) * (1 - 0.8 * t[:, 0])))
    cover = blur(strokes(size, hairs), 0.002) * rng.uniform(0.5, 0.9)
    return _tinted(image, cover, rng.uniform(0.1, 0.3) * np.array([1.1, 0.9, 0.75], dtype=np.float32))


def _optics(rng: np.random.Generator, size: int, image: Floats) -> Floats:
    x, y = plane(size)
    distance = np.hypot(x + rng.uniform(-0.06, 0.06), y + rng.uniform(-0.06, 0.06))
    falloff = 1 - rng.uniform(0.04, 0.22) * np.minimum(distance, 1.3) ** 2
    if rng.uniform() < 0.35:
        edge = rng.uniform(1.02, 1.25)
        falloff = falloff * (0.06 + 0.94 * smoothstep(-distance, -edge - rng.uniform(0.02, 0.2), -edge))
    gain = rng.uniform(0.85, 1.08) * (1 + rng.normal(0, 0.025, 3))
    grain = blur(rng.standard_normal((size, size), dtype=np.float32), 0.002)
    sharp = np.stack([blur(image[..., c], 0.0025) for c in range(3)], axis=-1)
    return np.asarray(sharp * falloff[..., None] * gain + 0.015 * grain[..., None], dtype=np.float32)
