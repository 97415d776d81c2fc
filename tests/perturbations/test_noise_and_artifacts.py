"""Controls and clinical artifacts against answers known by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.params import Params
from core.values import Floats, Goal
from perturbations import PERTURBATIONS, perturb
from perturbations._survival import through_jpeg
from tests.toys import linear_classifier

GOAL = Goal(0, "hide")


def apply(key: str, clean: Floats, seed: int = 0, **values: float | str) -> Floats:
    """clean (C, s, s) after the artifact key."""
    model = linear_classifier(channels=len(clean), size=clean.shape[1])
    params: Params = PERTURBATIONS[key].params(**values)
    return perturb(key, model, clean, GOAL, params, seed=seed).perturbed


def gray(value: float, size: int = 64) -> Floats:
    return np.full((1, size, size), value, dtype=np.float32)


def point(size: int = 201, right: int = 0) -> Floats:
    """One white pixel on black, in the middle or so far to the right of it."""
    pixels = gray(0, size)
    pixels[0, size // 2, size // 2 + right] = 1
    return pixels


def scene() -> Floats:
    """A smooth color picture with an edge, (3, 64, 64)."""
    row, column = np.mgrid[:64, :64] / 63
    pixels = np.stack([row, column, (row + column) / 2])
    pixels[:, 20:40, 20:40] = 0.9
    return pixels.astype(np.float32)


def fundus(size: int = 96) -> Floats:
    """A reddish disc with an edge in it, on black."""
    row, column = np.mgrid[:size, :size] / (size - 1) - 0.5
    pixels = np.stack([0.7 - 0.3 * row, 0.4 + 0.2 * column, np.where(column > 0, 0.2, 0.3)])
    return (pixels * (np.hypot(row, column) < 0.45)).astype(np.float32)


def middle(pixels: Floats) -> tuple[float, float]:
    """Center of brightness: x to the right and y down from the middle of (1, s, s)."""
    places = np.arange(pixels.shape[1]) - pixels.shape[1] // 2
    total = pixels.sum()
    return float((pixels[0].sum(0) * places).sum() / total), float((pixels[0].sum(1) * places).sum() / total)


def extent(pixels: Floats) -> Floats:
    """(2,) variances of the brightness of (1, s, s) across and along its longest direction, in square pixels."""
    y, x = np.indices(pixels.shape[1:]).reshape(2, -1)
    variances: Floats = np.linalg.eigvalsh(np.cov([x, y], aweights=pixels.ravel(), ddof=0))
    return variances


def test_uniform_noise_is_even_and_bounded() -> None:
    noise = (apply("uniform_noise", gray(0.5), epsilon=20) - 0.5) * 255
    assert 19.5 < np.abs(noise).max() <= 20
    assert abs(noise.mean()) < 0.6
    assert noise.std() == pytest.approx(20 / math.sqrt(3), rel=0.03)


def test_uniform_noise_can_match_the_largest_change_there_is() -> None:
    assert np.ptp(apply("uniform_noise", gray(0.5), epsilon=255)) == 1.0


@pytest.mark.parametrize(("severity", "sigma"), [(1, 4), (3, 15), (4, 25)])
def test_gaussian_noise_has_its_sigma(severity: int, sigma: float) -> None:
    noise = (apply("gaussian_noise", gray(0.5), severity=severity) - 0.5) * 255
    assert noise.std() == pytest.approx(sigma, rel=0.04)
    assert 3 * sigma < np.abs(noise).max() < 6 * sigma


@pytest.mark.parametrize("value", [0.1, 0.3, 0.6])
def test_the_variance_of_photons_is_their_number(value: float) -> None:
    noise = apply("poisson_noise", gray(value, 128), severity=3) - value
    assert noise.var() == pytest.approx(value / 150, rel=0.05)
    assert abs(noise.mean()) < 0.002
    assert not apply("poisson_noise", gray(0), severity=3).any()


def test_noise_on_color_differs_between_channels() -> None:
    pixels = np.concatenate([gray(0.5)] * 3)
    for key in ("uniform_noise", "gaussian_noise", "poisson_noise"):
        red, green, _ = apply(key, pixels)
        assert abs(np.corrcoef(red.ravel(), green.ravel())[0, 1]) < 0.1


@pytest.mark.parametrize("seed", range(4))
def test_a_moving_point_becomes_an_even_line(seed: int) -> None:
    """Of 7 % of 201 pixels; sharing out between pixels adds at most 1/4 square pixel in each direction."""
    blurred = apply("motion_blur", point(), seed, severity=5)
    across, along = extent(blurred)
    length = 0.07 * 201
    assert length**2 / 12 <= along < length**2 / 12 + 0.25
    assert across < 0.25
    assert np.sort(blurred.ravel())[-10:] == pytest.approx(1 / length, rel=0.5)


def test_an_unfocused_point_becomes_an_even_disc() -> None:
    radius = 0.025 * 201
    blurred = apply("defocus", point(), severity=5)
    np.testing.assert_allclose(blurred[0, 98:103, 98:103], 1 / (math.pi * radius**2), rtol=0.05)
    assert extent(blurred) == pytest.approx(radius**2 / 4 + 1 / 6, rel=0.02)


@pytest.mark.parametrize("key", ["motion_blur", "defocus"])
@pytest.mark.parametrize("severity", [1, 3, 5])
def test_blur_moves_brightness_and_adds_none(key: str, severity: int) -> None:
    blurred = apply(key, point(65), severity=severity)
    assert blurred.sum() == pytest.approx(1, abs=1e-4)
    assert middle(blurred) == pytest.approx((0, 0), abs=1e-3)
    np.testing.assert_allclose(apply(key, gray(0.3), severity=severity), 0.3, atol=1e-5)


@pytest.mark.parametrize(("severity", "quality"), [(1, 80), (3, 30), (5, 10)])
def test_jpeg_is_that_of_its_quality(severity: int, quality: int) -> None:
    np.testing.assert_array_equal(apply("jpeg", scene(), severity=severity), through_jpeg(scene(), quality))


def test_jpeg_2000_keeps_what_costs_nothing_and_drops_noise() -> None:
    np.testing.assert_allclose(apply("jpeg_2000", gray(0.6), severity=5), 0.6, atol=1 / 255)
    noisy = np.random.default_rng(0).normal(0.5, 0.1, (1, 64, 64)).clip(0, 1).astype(np.float32)
    assert apply("jpeg_2000", noisy, severity=5).std() < 0.3 * noisy.std()


@pytest.mark.parametrize(("direction", "sign"), [("lighter", 1), ("darker", -1)])
def test_exposure_follows_its_formula(direction: str, sign: int) -> None:
    changed = apply("exposure", scene(), severity=3, direction=direction)
    np.testing.assert_allclose(changed, (scene() + sign * 35 / 255).clip(0, 1), atol=1e-6)


@pytest.mark.parametrize(("direction", "value"), [("flatter", 0.5 + 0.72 * 0.1), ("harder", 0.5 + 0.1 / 0.72)])
def test_contrast_by_hand(direction: str, value: float) -> None:
    assert apply("contrast", gray(0.6), severity=2, direction=direction)[0, 0, 0] == pytest.approx(value)


@pytest.mark.parametrize(("direction", "before", "after"), [("darker", 0.25, 0.125), ("lighter", 0.125, 0.25)])
def test_gamma_by_hand(direction: str, before: float, after: float) -> None:
    """At 1.5, that of severity 2; black and white stay."""
    assert apply("gamma", gray(before), severity=2, direction=direction)[0, 0, 0] == pytest.approx(after)
    ends = (np.indices((16, 16), dtype=np.float32).sum(0) % 2)[None]
    np.testing.assert_array_equal(apply("gamma", ends, direction=direction), ends)


@pytest.mark.parametrize("key", ["exposure", "contrast", "gamma"])
def test_chance_takes_either_side_and_no_other(key: str) -> None:
    _, *sides = PERTURBATIONS[key].params.specs()[-1].choices
    chosen = [apply(key, scene(), direction=side) for side in sides]
    drawn = [apply(key, scene(), seed) for seed in range(10)]
    found = [[np.array_equal(picture, side) for side in chosen] for picture in drawn]
    assert all(sum(each) == 1 for each in found)
    assert np.any(found, axis=0).all()


def test_down_sampling_averages_what_is_finer() -> None:
    checkered = np.indices((64, 64)).sum(0)[None] % 2
    np.testing.assert_allclose(apply("down_sampling", checkered.astype(np.float32), severity=2), 0.5, atol=0.02)
    np.testing.assert_allclose(apply("down_sampling", gray(0.7), severity=5), 0.7, atol=1e-6)


def test_a_picture_is_turned_about_its_middle_by_its_angle() -> None:
    turns = []
    for seed in range(8):
        x, y = middle(apply("rotation", point(right=70), seed, severity=3))
        assert math.hypot(x, y) == pytest.approx(70, abs=0.2)
        turns.append(round(math.degrees(math.atan2(y, x)), 1))
    assert set(turns) == {10, -10}


def test_a_picture_is_shifted_by_its_share_of_the_side() -> None:
    places = [middle(apply("translation", point(), seed, severity=3)) for seed in range(8)]
    for x, y in places:
        assert math.hypot(x, y) == pytest.approx(0.07 * 201, abs=0.01)
    assert min(x for x, _ in places) < 0 < max(x for x, _ in places)


@pytest.mark.parametrize("axis", ["left to right", "top to bottom"])
def test_two_flips_are_none(axis: str) -> None:
    flipped = apply("flip", scene(), axis=axis)
    np.testing.assert_array_equal(flipped, np.flip(scene(), 2 if axis == "left to right" else 1))
    np.testing.assert_array_equal(apply("flip", flipped, axis=axis), scene())


def test_inverted_polarity_turns_all_round_at_its_full_strength() -> None:
    np.testing.assert_array_equal(apply("inverted_polarity", scene(), severity=5), 1 - scene())
    bright = scene() >= 0.55
    np.testing.assert_array_equal(
        apply("inverted_polarity", scene(), severity=3), np.where(bright, 1 - scene(), scene())
    )


def test_a_narrow_window_by_hand() -> None:
    """55 % wide, its middle 9 % too low or too high."""
    values = {round(float(apply("window_misuse", gray(0.5), seed, severity=3)[0, 0, 0]), 4) for seed in range(8)}
    assert values == {round(0.5 - 0.09 / 0.55, 4), round(0.5 + 0.09 / 0.55, 4)}


def test_a_cast_multiplies_each_color_by_one_number() -> None:
    picture = 0.1 + 0.8 * scene()
    factors = apply("color_cast", picture, severity=3) / picture
    assert np.ptp(factors, axis=(1, 2)).max() < 1e-5
    assert factors.max() == pytest.approx(1)
    assert factors.min() == pytest.approx(1 - 0.18)


def test_the_corners_are_black_and_the_middle_stays() -> None:
    dark = apply("vignette", gray(0.8, 96), severity=3)[0]
    assert max(dark[0, 0], dark[0, -1], dark[-1, 0], dark[-1, -1]) < 0.01
    np.testing.assert_allclose(dark[40:56, 40:56], 0.8, atol=1e-3)


def test_grid_lines_have_their_height() -> None:
    lines = (apply("grid_lines", gray(0.5, 128), severity=5) - 0.5) * 255
    assert 19 < lines.max() <= 20.001
    assert lines.std() == pytest.approx(20 / math.sqrt(2), rel=0.03)


@pytest.mark.parametrize(
    ("keys", "sign"),
    [
        (("cable", "collimation", "glare"), 1),
        (("vignette", "color_cast", "uneven_illumination", "eyelash_shadow", "ink", "hair"), -1),
    ],
    ids=["nowhere darker", "nowhere lighter"],
)
def test_what_adds_no_light_and_what_takes_none(keys: tuple[str, ...], sign: int) -> None:
    bright = 0.2 + 0.8 * scene()
    for key in keys:
        for seed in range(3):
            assert (sign * (apply(key, bright, seed, severity=4) - bright)).min() > -1e-6


@pytest.mark.parametrize("key", ["hair", "ink", "ruler", "gel_bubbles", "occluding_text", "side_marker", "cable"])
def test_beside_what_is_drawn_nothing_changes(key: str) -> None:
    for seed in range(3):
        assert (apply(key, scene(), seed, severity=1) == scene()).mean() > 0.6


@pytest.mark.parametrize("key", ["lens_dust", "haze", "flash_halo", "off_center", "uneven_illumination"])
def test_the_black_around_the_eye_stays(key: str) -> None:
    clean = fundus()
    away = np.hypot(*(np.indices((96, 96)) - 47.5)) > 0.48 * 96
    for seed in range(3):
        assert np.abs(apply(key, clean, seed, severity=5)[:, away]).max() < 1e-3


def test_the_retina_moves_and_its_frame_stays() -> None:
    """What was seen is where it should be, and the crescent behind it is dark."""
    clean = fundus()
    moved = apply("off_center", clean, severity=5)
    lit = moved.max(axis=0) > 0.05
    assert not (lit & (np.hypot(*(np.indices((96, 96)) - 47.5)) > 0.47 * 96)).any()
    assert 0.4 < lit.sum() / (clean.max(axis=0) > 0).sum() < 0.8
