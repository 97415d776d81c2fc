"""Controls and clinical artifacts against answers known by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.params import Params
from core.values import Floats, Goal
from perturbations import PERTURBATIONS, perturb
from tests.toys import linear_classifier

GOAL = Goal(0, "hide")


def apply(key: str, clean: Floats, seed: int = 0, **values: float) -> Floats:
    """clean (C, s, s) after the artifact key."""
    model = linear_classifier(channels=len(clean), size=clean.shape[1])
    params: Params = PERTURBATIONS[key].params(**values)
    return perturb(key, model, clean, GOAL, params, seed=seed).perturbed


def gray(value: float, size: int = 64) -> Floats:
    return np.full((1, size, size), value, dtype=np.float32)


def point(size: int = 33) -> Floats:
    """One white pixel in the middle of black."""
    pixels = gray(0, size)
    pixels[0, size // 2, size // 2] = 1
    return pixels


def scene() -> Floats:
    """A smooth color picture with an edge, (3, 64, 64)."""
    row, column = np.mgrid[:64, :64] / 63
    pixels = np.stack([row, column, (row + column) / 2])
    pixels[:, 20:40, 20:40] = 0.9
    return pixels.astype(np.float32)


def test_uniform_noise_is_even_and_bounded() -> None:
    noise = (apply("uniform_noise", gray(0.5), epsilon=20) - 0.5) * 255
    assert 19.5 < np.abs(noise).max() <= 20
    assert abs(noise.mean()) < 0.6
    assert noise.std() == pytest.approx(20 / math.sqrt(3), rel=0.03)


def test_uniform_noise_can_match_the_largest_change_there_is() -> None:
    assert np.ptp(apply("uniform_noise", gray(0.5), epsilon=255)) == 1.0


def test_gaussian_noise_has_its_sigma() -> None:
    noise = (apply("gaussian_noise", gray(0.5), sigma=10) - 0.5) * 255
    assert noise.std() == pytest.approx(10, rel=0.03)
    assert 30 < np.abs(noise).max() < 60


def test_noise_on_color_differs_between_channels() -> None:
    pixels = np.concatenate([gray(0.5)] * 3)
    for key in ("uniform_noise", "gaussian_noise"):
        red, green, _ = apply(key, pixels)
        assert abs(np.corrcoef(red.ravel(), green.ravel())[0, 1]) < 0.1


@pytest.mark.parametrize(
    ("angle", "row_step", "column_step"), [(0, 0, 1), (90, -1, 0), (180, 0, -1)], ids=["level", "upright", "back"]
)
def test_a_moving_point_becomes_an_even_line(angle: float, row_step: int, column_step: int) -> None:
    expected = gray(0, 33)
    for step in range(-2, 3):
        expected[0, 16 + step * row_step, 16 + step * column_step] = 0.2
    np.testing.assert_allclose(apply("motion_blur", point(), length=5, angle=angle), expected, atol=1e-6)


def test_an_angle_is_counterclockwise_as_seen() -> None:
    blurred = apply("motion_blur", point(), length=9, angle=45)[0]
    assert blurred[14, 18] > 0
    assert blurred[14, 14] == 0


@pytest.mark.parametrize("length", [2, 7.5, 20])
@pytest.mark.parametrize("angle", [0, 30, 135])
def test_motion_blur_moves_brightness_and_adds_none(length: float, angle: float) -> None:
    blurred = apply("motion_blur", point(), length=length, angle=angle)
    assert blurred.sum() == pytest.approx(1, abs=1e-5)
    assert abs((blurred[0].sum(0) * np.arange(33)).sum() - 16) < 1e-4
    np.testing.assert_allclose(apply("motion_blur", gray(0.3), length=length, angle=angle), 0.3, atol=1e-6)


def test_motion_blur_longer_than_the_picture_stays_within_its_values() -> None:
    blurred = apply("motion_blur", scene()[:, :16, :16], length=64)
    assert 0 <= blurred.min() <= blurred.max() <= scene()[:, :16, :16].max() + 1e-6


def test_jpeg_gets_worse_with_lower_quality() -> None:
    clean = np.random.default_rng(0).normal(scene(), 0.05).clip(0, 1).astype(np.float32)
    errors = [np.square(apply("jpeg", clean, quality=quality) - clean).mean() for quality in (95, 75, 50, 25, 10, 1)]
    assert errors == sorted(errors)
    assert errors[0] < errors[-1] / 4


def test_exposure_follows_its_formula() -> None:
    clean = scene()
    changed = apply("exposure", clean, brightness=-20, contrast=1.5)
    np.testing.assert_allclose(changed, (0.5 + 1.5 * (clean - 0.5) - 20 / 255).clip(0, 1), atol=1e-6)
    assert changed.min() == 0


def test_exposure_by_hand() -> None:
    assert apply("exposure", gray(0.6), brightness=51, contrast=2)[0, 0, 0] == pytest.approx(0.9)


def test_artifacts_know_neither_model_nor_goal() -> None:
    clean = scene()
    for key in ("uniform_noise", "gaussian_noise", "motion_blur", "jpeg", "exposure"):
        one = perturb(key, linear_classifier(3, 64, labels=2), clean, Goal(1, "induce"))
        other = perturb(key, linear_classifier(3, 64, seed=9), clean, Goal(0, "hide"))
        assert np.array_equal(one.perturbed, other.perturbed)
        assert one.queries == 0
