"""What stays of a map under invisible noise and with other models."""

from __future__ import annotations

import dataclasses
import math
import threading

import numpy as np
import pytest
import torch

from core.classifier import Classifier
from core.errors import Cancelled, InputError, UnknownName
from core.values import Floats
from evaluation.stability import HALF_LEVEL, across_models, stability, under_rounding
from explainers import explain
from tests.toys import linear_classifier, small_cnn_classifier

EVERYWHERE = np.ones((1, 4), np.bool_)


def picture(channels: int = 1, size: int = 32) -> Floats:
    return np.random.default_rng(0).random((channels, size, size), dtype=np.float32)


def row(*values: float) -> Floats:
    return np.array([values], np.float32)


def test_signs_by_hand() -> None:
    found = stability([row(1, -1, 2, 0), row(3, -1, -1, 0)], True, EVERYWHERE)
    np.testing.assert_allclose(found.mean, row(2, -1, 0.5, 0))
    np.testing.assert_allclose(found.deviation, row(1, 0, 1.5, 0))
    assert found.stable.tolist() == [[True, True, False, True]]
    assert found.maps == 2
    assert found.rank_correlation == pytest.approx(0.5 / math.sqrt(22.5))  # ranks 3, 1, 4, 2 and 4, 1.5, 1.5, 3


def test_ranks_by_hand() -> None:
    found = stability([row(1, 2, 3, 4), row(10, 30, 20, 40)], False, EVERYWHERE)
    assert found.stable.tolist() == [[True, False, False, True]]
    assert found.rank_correlation == pytest.approx(0.8)


def test_two_maps_agree_in_places_by_chance() -> None:
    """Half of the signs are equal, and two ranks differ by up to 0.2 with probability 1 - 0.8**2."""
    everywhere = np.ones((64, 64), np.bool_)
    heats = [np.random.default_rng(seed).standard_normal((64, 64)).astype(np.float32) for seed in (0, 1)]
    for signed, chance in ((True, 0.5), (False, 0.36)):
        found = stability(heats, signed, everywhere)
        assert found.chance == pytest.approx(chance, abs=0.03)
        assert found.stable.mean() == pytest.approx(chance, abs=0.03)
        same = stability([heats[0]] * 2, signed, everywhere)
        assert (same.stable.mean(), same.chance) == (1, pytest.approx(chance, abs=0.03))
    assert stability([heats[0]] * 16, True, everywhere).chance < 0.01


def test_one_map_in_twenty_may_differ() -> None:
    usual, other = row(1, 2, 3, 4), row(-1, 2, 3, 4)
    assert stability([usual] * 19 + [other], True, EVERYWHERE).stable.all()
    assert stability([usual] * 18 + [other] * 2, True, EVERYWHERE).stable.tolist() == [[False, True, True, True]]


def test_an_empty_map_among_others_leaves_the_correlation_undefined() -> None:
    for signed in (True, False):
        found = stability([row(1, 2, 3, 4), row(0, 0, 0, 0)], signed, EVERYWHERE)
        assert math.isnan(found.rank_correlation)
        assert not found.stable.any()


def test_nothing_is_stable_where_nothing_is_seen() -> None:
    seen = np.array([[True, True, False, False]])
    for signed in (True, False):
        assert stability([row(1, 2, 0, 0)] * 3, signed, seen).stable.tolist() == seen.tolist()


@pytest.mark.parametrize("method", ["saliency", "occlusion"])
def test_the_map_of_a_linear_model_under_rounding(method: str) -> None:
    """Its gradient never moves; what a square adds moves by as little as the picture."""
    model = linear_classifier(size=32)
    made = explain(method, model, picture(), 0)
    found = under_rounding(model, picture(), made, draws=5)
    assert found.maps == 5
    assert found.rank_correlation > 0.99
    if method == "saliency":
        np.testing.assert_allclose(found.mean, made.heat, rtol=1e-5)
        np.testing.assert_allclose(found.deviation, 0, atol=1e-6)
        assert found.stable.all()
    else:
        assert 0 < found.deviation.max() < 0.1 * np.abs(made.heat).max()
        assert found.stable.mean() > 0.9


def test_the_noise_is_what_rounding_can_do() -> None:
    model, seen = linear_classifier(size=32), list[Floats]()
    watched = model.watched(lambda x, logits: seen.append(x[0].numpy(force=True)))
    pixels = picture()
    pixels[0, :4] = 0
    under_rounding(watched, pixels, explain("saliency", model, pixels, 0), draws=3, seed=1)
    assert seen == []  # explain() watches on its own behalf
    model.network.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0][0].numpy(force=True)))
    under_rounding(model, pixels, explain("saliency", model, pixels, 0), draws=3, seed=1)
    original, *noisy = seen
    assert np.array_equal(original, pixels)
    assert len(noisy) == 3
    for copy in noisy:
        assert 0.9 * HALF_LEVEL < np.abs(copy - pixels).max() <= HALF_LEVEL + 1e-7
        assert copy.min() >= 0
    assert not np.array_equal(noisy[0], noisy[1])


def test_models_of_other_scales_are_compared_by_proportion() -> None:
    """The second model has logits ten times as large, the third looks elsewhere."""
    model, louder, other = linear_classifier(size=32), linear_classifier(size=32), linear_classifier(size=32, seed=1)
    louder.network.weight.data = 10 * louder.network.weight.data
    made = explain("saliency", model, picture(), 0)
    same = across_models([model, louder], picture(), made)
    np.testing.assert_allclose(same.mean, made.heat, rtol=1e-4)
    np.testing.assert_allclose(same.deviation, 0, atol=1e-6)
    assert same.stable.all()
    assert (same.rank_correlation, same.maps) == (pytest.approx(1), 2)
    apart = across_models([model, other], picture(), made)
    assert apart.rank_correlation == pytest.approx(0, abs=0.1)
    assert apart.stable.mean() < 0.4
    np.testing.assert_allclose(apart.mean.mean(), made.heat.mean(), rtol=1e-4)


def relabeled(model: Classifier, *labels: str) -> Classifier:
    return dataclasses.replace(model, card=dataclasses.replace(model.card, labels=labels))


@pytest.mark.parametrize("against", [None, 0])
def test_labels_are_matched_by_name(against: int | None) -> None:
    model, exchanged = (
        relabeled(linear_classifier(labels=2), "a", "b"),
        relabeled(linear_classifier(labels=2), "b", "a"),
    )
    exchanged.network.weight.data = exchanged.network.weight.data.flip(0)
    made = explain("saliency", model, picture(size=16), 1, against=against)
    found = across_models([model, exchanged], picture(size=16), made)
    np.testing.assert_allclose(found.deviation, 0, atol=1e-6)
    with pytest.raises(UnknownName, match="Label 'b': is not one of toy"):
        across_models([model, relabeled(linear_classifier(), "a")], picture(size=16), made)


def test_a_model_of_another_size_is_refused() -> None:
    model = small_cnn_classifier()
    with pytest.raises(InputError):
        across_models([model, small_cnn_classifier(size=16)], picture(), explain("saliency", model, picture(), 0))


def test_seed_region_progress_and_cancel() -> None:
    model, region = small_cnn_classifier(3), np.zeros((32, 32), np.bool_)
    region[4:20, 4:20] = True
    pixels = picture(3)
    made = explain("smoothgrad", model, pixels, 0, seed=4, region=region)
    shares = list[float]()
    first = under_rounding(model, pixels, made, draws=3, report=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)
    assert not first.mean[~region].any()
    assert not first.stable[~region].any()
    again, other = (under_rounding(model, pixels, made, draws=3, seed=seed) for seed in (0, 1))
    assert np.array_equal(first.mean, again.mean)
    assert not np.array_equal(first.mean, other.mean)
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        under_rounding(model, pixels, made, cancel=cancel)
    with pytest.raises(Cancelled):
        across_models([model, model], pixels, made, cancel=cancel)


def test_noise_of_the_method_is_not_mistaken_for_noise_of_the_picture() -> None:
    """The seed of the method stays, so a linear model has the same SmoothGrad map each time."""
    model = linear_classifier(size=16)
    made = explain("smoothgrad", model, picture(size=16), 0, seed=3)
    found = under_rounding(model, picture(size=16), made, draws=3)
    assert torch.from_numpy(found.deviation).max() < 1e-6
