"""What rounding to 8 bits does to changes below and above half a gray level, tried rather than assumed."""

from __future__ import annotations

import numpy as np
import pytest

from core.values import Floats, Goal
from evaluation.rounding import ADVANCED_EPSILONS, EPSILONS, lost_to_rounding, on_gray_levels, rounding_words
from evaluation.session import fitted
from imaging.bundled import load_bundled
from perturbations import as_saved, perturb
from perturbations.fgsm import FgsmParams
from tests.toys import linear_classifier, small_cnn_classifier


def saved(pixels: Floats) -> Floats:
    """(C, h, w) as a file of 8 bits gives it back."""
    eight_bit: Floats = as_saved(pixels)[0]
    return eight_bit


@pytest.fixture(scope="module")
def resized() -> Floats:
    return fitted(load_bundled("chest-phantom-2"), small_cnn_classifier(size=64).card).pixels


def test_a_stored_picture_lies_on_gray_levels_and_a_resized_one_does_not(resized: Floats) -> None:
    assert on_gray_levels(load_bundled("chest-phantom-2").pixels)
    assert not on_gray_levels(resized)
    assert on_gray_levels(saved(resized))


@pytest.mark.parametrize("epsilon", [epsilon for epsilon in ADVANCED_EPSILONS if epsilon])
def test_what_is_said_to_be_lost_is_lost(resized: Floats, epsilon: float) -> None:
    model, clean = linear_classifier(size=64), saved(resized)
    result = perturb("fgsm", model, clean, Goal(0, "induce"), FgsmParams(epsilon))
    assert np.array_equal(saved(result.perturbed), clean) == lost_to_rounding(epsilon, on_levels=True)


@pytest.mark.parametrize("epsilon", [0.1, 0.3])
def test_a_resized_picture_keeps_most_of_the_effect_of_less_than_half_a_level(resized: Floats, epsilon: float) -> None:
    model = linear_classifier(size=64)
    result = perturb("fgsm", model, resized, Goal(0, "induce"), FgsmParams(epsilon))
    before, after = (model.predict(pixels).logits[0] for pixels in (resized, result.perturbed))
    before_saved, after_saved = (model.predict(saved(pixels)).logits[0] for pixels in (resized, result.perturbed))
    assert (after_saved - before_saved) / (after - before) == pytest.approx(1, abs=0.3)
    assert not lost_to_rounding(epsilon, on_levels=False)
    moved = (saved(result.perturbed) != saved(resized)).mean()
    assert 0 < moved < 1.2 * epsilon


def test_words() -> None:
    assert rounding_words(0.4, on_levels=True) == "lost when saved with 8 bits"
    assert "resized" in rounding_words(0.4, on_levels=False)
    assert rounding_words(0.5, on_levels=True) == rounding_words(2.0, on_levels=False)


def test_the_stops_rise_from_nothing() -> None:
    assert EPSILONS[0] == 0
    assert 2.55 in EPSILONS
    assert list(ADVANCED_EPSILONS) == sorted(set(ADVANCED_EPSILONS))
    assert ADVANCED_EPSILONS[-2:] == (8, 16)
