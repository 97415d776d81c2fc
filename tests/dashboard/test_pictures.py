"""Pictures for the viewer: in the frame of the case, lossless, and no larger than they need to be."""

from __future__ import annotations

import base64
import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from core.values import Case, Geometry
from dashboard.services import pictures


def decoded(uri: str) -> npt.NDArray[np.uint8]:
    """The levels of a data URI."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))))


def test_a_picture_keeps_every_level() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(decoded(pictures.png((levels / np.float32(255))[..., None])), levels)


@pytest.mark.parametrize(
    ("shape", "size"), [((4000, 4000), (1024, 1024)), ((300, 3000), (102, 1024)), ((9, 7), (9, 7))]
)
def test_large_cases_are_reduced(shape: tuple[int, int], size: tuple[int, int]) -> None:
    case = Case("x", "x", "cxr", np.full((*shape, 1), 0.5, dtype=np.float32))
    reduced = pictures.shown(case)
    assert reduced.shape == (*size, 1)
    assert np.allclose(reduced, 0.5)


def test_a_thumbnail_is_square_and_black_beside_the_picture() -> None:
    case = Case("x", "x", "fundus", np.ones((100, 200, 3), dtype=np.float32))
    thumb = decoded(pictures.thumbnail(case))
    assert thumb.shape == (pictures.THUMB, pictures.THUMB, 3)
    assert thumb[0].max() == 0
    assert thumb[pictures.THUMB // 2].min() == 255


def test_a_change_lies_where_the_model_looks_and_nowhere_else() -> None:
    geometry = Geometry((40, 80), (0, 20, 40, 60), 8)
    laid = pictures.overlaid(
        np.full((40, 80, 1), 0.5, dtype=np.float32), np.full((1, 8, 8), 0.1, dtype=np.float32), geometry
    )
    assert np.allclose(laid[:, 20:60], 0.6)
    assert np.allclose(laid[:, :20], 0.5)
    assert np.allclose(laid[:, 60:], 0.5)
    assert pictures.frame_box(geometry) == (0.25, 0, 0.75, 1)


def test_a_color_change_shows_in_color_on_a_gray_case() -> None:
    geometry = Geometry((16, 16), (0, 0, 16, 16), 8)
    change = np.zeros((3, 8, 8), dtype=np.float32)
    change[0] = 0.25
    laid = pictures.overlaid(np.full((16, 16, 1), 0.5, dtype=np.float32), change, geometry)
    assert np.allclose(laid, [0.75, 0.5, 0.5])


def test_heat_is_drawn_on_the_scale_it_is_given() -> None:
    heat = np.array([[-2.0, -1.0, 0.0, 1.0, 2.0]], dtype=np.float32)
    assert decoded(pictures.heat_levels(heat, -2, 2)).tolist() == [[0, 64, 128, 191, 255]]
    assert decoded(pictures.heat_levels(heat, 0, 4)).tolist() == [[0, 0, 0, 64, 128]]


@pytest.mark.parametrize(
    ("place", "words"), [((0, 0), "upper left"), ((8, 4), "lower center"), ((4, 8), "middle right")]
)
def test_the_strongest_place_in_words(place: tuple[int, int], words: str) -> None:
    heat = np.zeros((9, 9), dtype=np.float32)
    heat[place] = -3
    assert pictures.strongest_place(heat) == words
