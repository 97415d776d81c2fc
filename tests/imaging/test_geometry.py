"""Case pixels <-> model pixels."""

from __future__ import annotations

import numpy as np
import pytest

from core.values import Floats, Geometry, InputSpec
from imaging.geometry import field_of_view, geometry_of, recolored, to_case, to_model

SQUASH = InputSpec("cxr", channels=1, size=32, fit="squash")
FOV = InputSpec("fundus", channels=3, size=32, fit="fov")


def noise(*shape: int) -> Floats:
    return np.random.default_rng(0).uniform(size=shape).astype(np.float32)


def disc(height: int, width: int, center: tuple[int, int], radius: int, color: float = 0.6) -> Floats:
    """(H, W, 3) a lit disc on black."""
    y, x = np.mgrid[:height, :width]
    inside = np.hypot(y - center[0], x - center[1]) <= radius
    return np.repeat((color * inside)[..., None], 3, axis=2).astype(np.float32)


def test_a_case_of_the_models_size_passes_unchanged() -> None:
    pixels = noise(32, 32, 1)
    assert to_model(pixels, geometry_of(pixels, SQUASH), 1)[0] == pytest.approx(pixels[..., 0], abs=1e-6)


def test_squash_takes_the_whole_picture() -> None:
    pixels = noise(64, 96, 3)
    geometry = geometry_of(pixels, SQUASH)
    assert geometry == Geometry((64, 96), (0, 0, 64, 96), 32)
    assert geometry.scale == (2, 3)
    fitted = to_model(pixels, geometry, 1)
    assert fitted.shape == (1, 32, 32)
    assert fitted.dtype == np.float32
    assert fitted.mean() == pytest.approx(recolored(pixels, 1).mean(), abs=0.01)


def test_downsizing_is_antialiased() -> None:
    """A pattern finer than the model's pixels becomes flat gray, not stripes."""
    stripes = np.zeros((128, 128, 1), dtype=np.float32)
    stripes[:, ::2] = 1
    fitted = to_model(stripes, geometry_of(stripes, SQUASH), 1)[0, 2:-2, 2:-2]
    assert fitted == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("shape", [(32, 32), (64, 64), (50, 90), (20, 300)])
def test_a_map_comes_back_in_the_frame_of_the_case(shape: tuple[int, int]) -> None:
    geometry = Geometry(shape, (0, 0, *shape), 32)
    smooth = np.outer(np.hanning(32), np.hanning(32)).astype(np.float32)
    back = to_case(smooth, geometry)
    assert back.shape == shape
    assert back.max() == pytest.approx(smooth.max(), abs=0.02)
    peak = np.array(np.unravel_index(back.argmax(), shape))
    assert np.abs(peak - np.array(shape) / 2).max() <= max(shape) / 32 + 1
    if shape[0] >= 32:
        assert to_model(back[..., None], geometry, 1)[0] == pytest.approx(smooth, abs=0.05)


def test_a_map_is_zero_where_the_model_does_not_look() -> None:
    geometry = Geometry((40, 60), (4, 10, 36, 42), 32)
    back = to_case(np.ones((32, 32), dtype=np.float32), geometry)
    assert back[4:36, 10:42] == pytest.approx(1)
    assert back.sum() == pytest.approx(32 * 32)


@pytest.mark.parametrize(
    ("height", "width", "center", "radius"),
    [(100, 100, (50, 50), 45), (100, 180, (50, 100), 44), (200, 150, (90, 75), 70)],
)
def test_field_of_view_is_the_box_around_the_disc(
    height: int, width: int, center: tuple[int, int], radius: int
) -> None:
    top, left, bottom, right = field_of_view(disc(height, width, center, radius))
    found = np.array([top, left, bottom - 1, right - 1])
    wanted = np.array([center[0] - radius, center[1] - radius, center[0] + radius, center[1] + radius])
    assert np.abs(found - wanted).max() <= 4


def test_field_of_view_ignores_specks_and_faint_surround() -> None:
    pixels = disc(120, 160, (60, 80), 50)
    pixels[5, 5] = 1
    pixels += np.float32(0.02)
    top, left, bottom, right = field_of_view(pixels)
    assert np.abs(np.array([top, left, bottom, right]) - [10, 30, 111, 131]).max() <= 4


def test_without_a_surround_the_whole_frame_is_the_field_of_view() -> None:
    assert field_of_view(np.full((30, 40, 3), 0.5, dtype=np.float32)) == (0, 0, 30, 40)
    assert field_of_view(np.zeros((30, 40, 3), dtype=np.float32)) == (0, 0, 30, 40)
    assert field_of_view(disc(100, 100, (50, 50), 10)) == (0, 0, 100, 100)


def test_margins_do_not_reach_the_model() -> None:
    narrow, wide = disc(100, 100, (50, 50), 45), disc(100, 200, (50, 100), 45)
    views = [to_model(pixels, geometry_of(pixels, FOV), 3) for pixels in (narrow, wide)]
    assert views[0] == pytest.approx(views[1], abs=1e-5)


def test_recoloring() -> None:
    gray, color = noise(4, 5, 1), noise(4, 5, 3)
    assert recolored(gray, 1) is gray
    assert recolored(color, 3) is color
    assert np.array_equal(recolored(gray, 3), np.repeat(gray, 3, axis=2))
    luma = 0.299 * color[..., 0] + 0.587 * color[..., 1] + 0.114 * color[..., 2]
    assert recolored(color, 1)[..., 0] == pytest.approx(luma, abs=1e-6)
    assert recolored(recolored(gray, 3), 1) == pytest.approx(gray, abs=1e-6)
