"""Goals, ids and predictions: small known answers."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import Cancelled, SecondLookError
from core.values import Floats, Geometry, Goal, InputSpec, Prediction, content_id


def prediction(*probabilities: float) -> Prediction:
    p: Floats = np.array(probabilities, dtype=np.float32)
    return Prediction(("a", "b")[: len(p)], np.log(p / (1 - p)), p, np.full_like(p, 0.5))


def test_a_goal_flips_the_decision_as_it_stands() -> None:
    before = prediction(0.9, 0.1)
    assert Goal.against(before, 0) == Goal(0, "hide")
    assert Goal.against(before, 1) == Goal(1, "induce")
    assert not Goal(0, "hide").reached(before)
    assert Goal(0, "induce").reached(before)


def test_the_loss_falls_as_the_goal_comes_nearer() -> None:
    logits = np.array([[2.0, 0.0], [-1.0, 0.0]])
    assert Goal(0, "hide").loss(logits).tolist() == [2.0, -1.0]
    assert Goal(0, "induce").loss(logits).tolist() == [-2.0, 1.0]


def test_the_threshold_itself_counts_as_positive() -> None:
    assert prediction(0.5).positive.tolist() == [True]


def test_the_id_depends_on_pixels_and_shape_alone() -> None:
    pixels: Floats = np.arange(12, dtype=np.float32).reshape(2, 6, 1) / 12
    assert content_id(pixels) == content_id(pixels.copy(order="F"))
    assert content_id(pixels) != content_id(pixels.reshape(3, 4, 1))
    changed = pixels.copy()
    changed[1, 5, 0] += 1e-6
    assert content_id(pixels) != content_id(changed)


def test_scale_is_case_pixels_per_model_pixel() -> None:
    assert Geometry((100, 300), (10, 20, 74, 276), 64).scale == (1.0, 4.0)


def test_errors_say_what_why_and_the_way_out() -> None:
    error = SecondLookError("The file", "is empty", "Choose another.")
    assert str(error) == "The file: is empty. Choose another."
    with pytest.raises(SecondLookError, match="stopped before it finished"):
        raise Cancelled


def test_a_model_of_the_fundus_sees_a_disc_and_the_others_all() -> None:
    assert InputSpec("cxr", 1, 4, "squash").visible.all()
    corners = [[0, 1, 1, 0], [1, 1, 1, 1], [1, 1, 1, 1], [0, 1, 1, 0]]
    assert InputSpec("fundus", 3, 4, "fov").visible.astype(int).tolist() == corners
