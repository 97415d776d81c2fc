"""Color maps, shared scales and maps over pictures."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab

from core.values import Attribution, Floats
from imaging.colormaps import COOL
from imaging.overlay import DIVERGING, SEQUENTIAL, has_evidence, magnified, overlay, shared_scale, to_png

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
PROTANOPIA = np.array(
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
)


def attribution(heat: list[list[float]], *, signed: bool) -> Attribution:
    return Attribution("toy", {}, 0, 0, np.array(heat, dtype=np.float32), signed, "logit", None, 0.0)


def lab(colors: np.ndarray) -> np.ndarray:
    return rgb2lab(colors[None] / 255)[0]


def seen_by(colors: np.ndarray, deficiency: np.ndarray) -> np.ndarray:
    linear = (colors / 255.0) ** 2.2
    return 255 * (linear @ deficiency.T).clip(0, 1) ** (1 / 2.2)


ARMS = {"sequential": SEQUENTIAL, "cool": COOL, "blue": DIVERGING[127::-1], "orange": DIVERGING[128:]}


@pytest.mark.parametrize("name", ARMS)
def test_lightness_only_rises_with_strength(name: str) -> None:
    steps = 8
    for colors in (ARMS[name], seen_by(ARMS[name], DEUTERANOPIA), seen_by(ARMS[name], PROTANOPIA)):
        assert (np.diff(lab(colors)[::steps, 0]) > 0).all()


@pytest.mark.parametrize("name", ARMS)
def test_equal_steps_look_equally_large(name: str) -> None:
    steps = 16
    colors = lab(ARMS[name])
    differences = deltaE_ciede2000(colors[:-steps:steps], colors[steps::steps])
    assert differences.max() < 3 * differences.min()


def test_diverging_map_is_even_handed() -> None:
    colors = lab(DIVERGING)
    assert colors[:128, 0] == pytest.approx(colors[:127:-1, 0], abs=3)
    assert np.abs(colors[127:129, 1:]).max() < 5
    for deficiency in (DEUTERANOPIA, PROTANOPIA):
        left, right = lab(seen_by(DIVERGING[[32, 223]], deficiency))
        assert deltaE_ciede2000(left, right) > 30


def test_maps_are_compared_on_one_scale() -> None:
    weak, strong = attribution([[0, 0.1]], signed=False), attribution([[0, 4.0]], signed=False)
    assert shared_scale([weak, strong]) == (0, 4)
    assert shared_scale([weak]) == pytest.approx((0, 0.1))


def test_signed_scale_is_symmetric() -> None:
    assert shared_scale([attribution([[-3, 1]], signed=True), attribution([[2, 0]], signed=True)]) == (-3, 3)


def test_maps_without_evidence() -> None:
    nothing = attribution([[0, 0]], signed=False)
    assert not has_evidence(nothing)
    assert not has_evidence(attribution([[-1, 0]], signed=False))
    assert has_evidence(attribution([[-1, 0]], signed=True))
    assert shared_scale([nothing]) == (0, 1)
    assert shared_scale([attribution([[0, 0]], signed=True)]) == (-1, 1)


BASE = np.array([[[0.2], [0.4], [0.6]]], dtype=np.float32)


def heat(*values: float) -> Floats:
    return np.array([values], dtype=np.float32)


def test_nothing_is_painted_below_the_threshold() -> None:
    painted = overlay(BASE, heat(0, 0.2, 0.29), (0, 1), signed=False, opacity=1, threshold=0.3)
    assert painted.dtype == np.uint8
    assert painted[0].tolist() == [[51] * 3, [102] * 3, [153] * 3]


def test_the_end_of_the_scale_has_full_opacity_and_its_color() -> None:
    painted = overlay(BASE, heat(0, 1, 7), (0, 1), signed=False, opacity=1, threshold=0)
    assert painted[0, 0].tolist() == [51] * 3
    assert painted[0, 1].tolist() == painted[0, 2].tolist() == SEQUENTIAL[255].tolist()
    half = overlay(BASE, heat(0, 1, 1), (0, 1), signed=False, opacity=0.5, threshold=0)
    assert half[0, 1] == pytest.approx((102 + SEQUENTIAL[255].astype(float)) / 2, abs=1)


def test_signed_heat_takes_both_ends() -> None:
    painted = overlay(BASE, heat(-2, 0, 2), (-2, 2), signed=True, opacity=1, threshold=0.1)
    assert painted[0].tolist() == [DIVERGING[0].tolist(), [102] * 3, DIVERGING[255].tolist()]


def test_the_base_is_never_rescaled() -> None:
    color = np.random.default_rng(0).uniform(0.3, 0.4, (4, 5, 3)).astype(np.float32)
    painted = overlay(color, np.zeros((4, 5), dtype=np.float32), (0, 1), signed=False)
    assert painted == pytest.approx(np.rint(255 * color))


@pytest.mark.parametrize(("change", "factor"), [(1 / 255, 64), (8 / 255, 8), (0.5, 1), (0.9, 1), (1e-4, 1024)])
def test_change_is_magnified_by_a_round_number(change: float, factor: int) -> None:
    clean = np.full((1, 2, 2), 0.05, dtype=np.float32)
    perturbed = clean.copy()
    perturbed[0, 0, 0] += change
    picture, found = magnified(clean, perturbed)
    assert found == factor
    assert picture.shape == clean.shape
    assert picture[0, 1, 1] == 0.5
    assert picture[0, 0, 0] == pytest.approx(min(1, 0.5 + factor * change), abs=1e-4)


def test_no_change_is_mid_gray() -> None:
    picture, factor = magnified(BASE, BASE)
    assert factor == 1
    assert (picture == 0.5).all()


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 1), (4, 6, 3)])
def test_png(shape: tuple[int, ...]) -> None:
    levels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    for picture in (levels, levels.astype(np.float32) / 255):
        image = Image.open(io.BytesIO(to_png(picture)))
        assert image.mode == ("RGB" if shape[2:] == (3,) else "L")
        assert np.array_equal(np.asarray(image), levels.squeeze())
        assert not image.info
