"""Sizes of changes, and what is left of them after saving."""

from __future__ import annotations

import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.classifier import Classifier
from core.values import Floats, Goal, Reached, Saved
from perturbations import measure_norms, perturb
from perturbations._survival import survival, through_eight_bits, through_jpeg
from perturbations.fgsm import FgsmParams
from tests.toys import Linear, linear_classifier

pictures = hnp.arrays(np.float32, (3, 8, 8), elements=st.floats(0, 1, width=32))


def gray(value: float, size: int = 16) -> Floats:
    return np.full((1, size, size), value, dtype=np.float32)


@given(pictures, pictures)
@settings(deadline=None)
def test_norms_are_symmetric_and_zero_only_for_equals(first: Floats, second: Floats) -> None:
    there, back = measure_norms(first, second), measure_norms(second, first)
    assert there.linf_255 == back.linf_255
    assert there.l2 == back.l2
    assert there.changed == back.changed
    assert there.ssim == pytest.approx(back.ssim, abs=1e-9)
    assert -1 <= there.ssim <= 1 + 1e-9
    same = np.array_equal(first, second)
    assert (there.linf_255 == 0) == (there.changed == 0) == same
    assert there.linf_255 / 255 <= there.l2 * (1 + 1e-9)
    assert there.l2 <= there.linf_255 / 255 * math.sqrt(first.size) * (1 + 1e-9)


@given(pictures)
@settings(deadline=None)
def test_an_unchanged_picture_has_no_norm(pixels: Floats) -> None:
    norms = measure_norms(pixels, pixels.copy())
    assert (norms.linf_255, norms.l2, norms.changed) == (0, 0, 0)
    assert norms.ssim == pytest.approx(1, abs=1e-9)


def test_norms_of_a_known_change() -> None:
    clean = np.full((3, 10, 10), 0.5, dtype=np.float32)
    perturbed = clean.copy()
    perturbed[0, 0, 0] += 3 / 255
    perturbed[1, 0, 0] -= 4 / 255
    perturbed[2, 5, 5] += 1 / 255
    norms = measure_norms(clean, perturbed)
    assert norms.linf_255 == pytest.approx(4, abs=1e-4)
    assert norms.l2 == pytest.approx(math.sqrt(26) / 255, rel=1e-4)
    assert norms.changed == pytest.approx(2 / 100)
    assert norms.ssim < 1


def test_ssim_falls_with_more_noise() -> None:
    rng = np.random.default_rng(0)
    clean = rng.random((1, 32, 32), dtype=np.float32)
    noise = rng.uniform(-1, 1, clean.shape)
    values = [
        measure_norms(clean, (clean + size * noise).clip(0, 1).astype(np.float32)).ssim
        for size in (0.01, 0.05, 0.2, 0.5)
    ]
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("size", [3, 4, 6, 7, 8])
def test_small_pictures_get_a_smaller_window(size: int) -> None:
    clean = np.random.default_rng(0).random((1, size, size), dtype=np.float32)
    assert measure_norms(clean, 1 - clean).ssim < 0.5


@given(pictures)
def test_eight_bits_are_the_nearest_gray_level(pixels: Floats) -> None:
    rounded = through_eight_bits(pixels)
    assert rounded.dtype == np.float32
    assert np.abs(rounded - pixels).max() <= 0.5 / 255 + 1e-6
    np.testing.assert_allclose(rounded * 255, np.rint(rounded * 255), atol=1e-4)
    assert np.array_equal(through_eight_bits(rounded), rounded)


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_keeps_shape_channels_and_a_flat_picture(channels: int) -> None:
    flat = np.full((channels, 20, 12), 100 / 255, dtype=np.float32)
    saved = through_jpeg(flat, 95)
    assert saved.shape == flat.shape
    assert saved.dtype == np.float32
    np.testing.assert_allclose(saved, flat, atol=1.01 / 255)


FLAT = gray(100 / 255)


def flagging_until(weight: Floats, share: float) -> Classifier:
    """Flags FLAT until share of the largest effect that one gray level can have on it is reached."""
    model = linear_classifier()
    assert isinstance(model.network, Linear)
    with torch.no_grad():
        model.network.weight.copy_(torch.from_numpy(weight))
        model.network.bias.fill_(share * float(np.abs(weight).sum()) / 255 - float((weight * FLAT).sum()))
    return model


def signs() -> Floats:
    return np.random.default_rng(0).choice(np.array([-1, 1], dtype=np.float32), (1, 16, 16))


def test_less_than_half_a_gray_level_is_lost_by_rounding() -> None:
    model = flagging_until(gray(1), share=0.2)
    result = perturb("fgsm", model, FLAT, Goal(0, "hide"), FgsmParams(epsilon=0.3))
    assert result.norms.linf_255 == pytest.approx(0.3, abs=1e-3)
    assert result.reached == Reached(True, Saved(eight_bit=False, jpeg=False))


def test_a_pattern_without_neighborhood_is_lost_in_jpeg() -> None:
    model = flagging_until(signs(), share=0.6)
    result = perturb("fgsm", model, FLAT, Goal(0, "hide"), FgsmParams(epsilon=1))
    assert result.reached == Reached(True, Saved(eight_bit=True, jpeg=False))


def test_a_whole_gray_level_everywhere_survives_saving() -> None:
    model = flagging_until(gray(1), share=0.6)
    result = perturb("fgsm", model, FLAT, Goal(0, "hide"), FgsmParams(epsilon=1))
    assert result.reached == Reached(True, Saved(eight_bit=True, jpeg=True))


def test_what_saving_leaves_is_unknown_where_it_is_not_asked_for() -> None:
    model, shown = flagging_until(gray(1), share=0.2), list[int]()
    watched = model.watched(lambda x, _logits: shown.append(len(x)))
    result = perturb("fgsm", watched, FLAT, Goal(0, "hide"), FgsmParams(epsilon=0.3), saving=False)
    assert result.reached == Reached(True, None)
    assert survival(watched, FLAT, Goal(0, "hide"), saving=False) == Reached(False, None)
    assert shown == [1]


def test_success_is_counted_on_the_image_and_not_on_the_attempt() -> None:
    model = flagging_until(gray(1), share=0.6)
    assert survival(model, FLAT, Goal(0, "hide")) == Reached(False, Saved(eight_bit=False, jpeg=False))
    assert survival(model, FLAT, Goal(0, "induce")) == Reached(True, Saved(eight_bit=True, jpeg=True))
