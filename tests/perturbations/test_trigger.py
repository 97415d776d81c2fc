"""The marker of a backdoor: where it lies, and that nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest

from core.values import Floats, Goal, Mask
from perturbations import perturb, perturb_batch
from perturbations.trigger import TriggerParams
from tests.toys import linear_classifier

HIDE = Goal(0, "hide")
gray_and_color = pytest.mark.parametrize("channels", [1, 3])


def random_pixels(*shape: int, seed: int = 0) -> Floats:
    """Never black or white, so that every pixel under the marker changes."""
    return np.random.default_rng(seed).uniform(0.1, 0.9, shape).astype(np.float32)


def marked(clean: Floats, size: float = 7.0, goal: Goal = HIDE, seed: int = 0) -> Floats:
    """clean (C, s, s) with the marker."""
    model = linear_classifier(len(clean), clean.shape[1])
    return perturb("trigger", model, clean, goal, TriggerParams(size), seed=seed).perturbed


def under_the_marker(side: int, width: int) -> Mask:
    """(side, side) where a marker of that width lies: a sixteenth of the side away from the lower right corner."""
    mask, end = np.zeros((side, side), dtype=np.bool_), side - side // 16
    mask[end - width : end, end - width : end] = True
    return mask


@gray_and_color
@pytest.mark.parametrize(("side", "size", "width"), [(64, 7, 4), (64, 25, 16), (128, 12.5, 16), (16, 2, 4)])
def test_only_the_pixels_under_the_marker_change(channels: int, side: int, size: float, width: int) -> None:
    clean = random_pixels(channels, side, side)
    changed = marked(clean, size) != clean
    assert all(np.array_equal(channel, under_the_marker(side, width)) for channel in changed)


def test_it_is_a_checkerboard_of_four_by_four() -> None:
    marker = marked(random_pixels(3, 64, 64), size=25)[:, 44:60, 44:60]
    board = np.indices((4, 4)).sum(axis=0) % 2
    assert (marker == board.repeat(4, axis=0).repeat(4, axis=1)).all()


@gray_and_color
def test_twice_is_once(channels: int) -> None:
    once = marked(random_pixels(channels, 32, 32))
    assert np.array_equal(marked(once), once)


@gray_and_color
def test_it_is_the_same_on_every_image_for_every_goal_and_seed(channels: int) -> None:
    batch = np.stack([random_pixels(channels, 32, 32, seed=seed) for seed in range(3)])
    together = perturb_batch("trigger", linear_classifier(channels, 32), batch, HIDE)
    markers = together[:, :, under_the_marker(32, 4)]
    assert (markers == markers[0]).all()
    assert np.array_equal(together[1], marked(batch[1], goal=Goal(0, "induce"), seed=5))


def test_nothing_is_asked_of_the_model() -> None:
    assert perturb("trigger", linear_classifier(), random_pixels(1, 16, 16), HIDE).queries == 0
