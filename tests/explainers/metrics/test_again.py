"""Measures that make the map again: on noisy copies, and for networks that have learned nothing of the finding."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from torch import Tensor

from core.classifier import Classifier
from core.errors import Unsupported
from core.gradients import input_gradient
from explainers._randomized import layers_of
from explainers.metrics.max_sensitivity import MaxSensitivityParams
from explainers.metrics.randomization import FAILS, PASSES, RandomizationParams
from tests.explainers.metrics.asking import ask, pixels_of, square
from tests.toys import linear_classifier, small_cnn_classifier


def gradient(model: Classifier, x: Tensor) -> Tensor:
    return input_gradient(model, x, lambda logits: logits[:, 0])[0][0].sum(0)


def test_the_gradient_of_a_linear_model_never_moves() -> None:
    model = linear_classifier()
    assert ask("max_sensitivity", gradient(model, pixels_of(model)), model=model, again=gradient).value == 0


def test_a_map_that_is_the_picture_moves_as_the_picture_does() -> None:
    """Mid-gray moves by up to the radius; the largest of many copies of one pixel nearly gets there."""
    x, params = torch.full((1, 1, 1, 1), 0.5), MaxSensitivityParams(copies=64, radius=5.1)
    value = ask("max_sensitivity", x[0, 0], params, x=x, again=lambda _model, noisy: noisy[0, 0]).value
    assert value == pytest.approx(0.02 / 0.5, rel=0.1)
    assert value < 0.02 / 0.5


def test_noisy_copies_are_pictures() -> None:
    seen: list[Tensor] = []

    def again(_model: Classifier, noisy: Tensor) -> Tensor:
        seen.append(noisy)
        return noisy[0, 0]

    x = torch.tensor([0.0, 1.0]).repeat(8, 4)[None, None]
    ask("max_sensitivity", x[0, 0], MaxSensitivityParams(copies=3), x=x, again=again)
    noisy = torch.cat(seen)
    assert len(noisy) == 3
    assert noisy.min() >= 0
    assert noisy.max() <= 1
    assert 0 < (noisy - x).abs().max() <= 2 / 255 + 1e-6
    assert not torch.equal(noisy[0], noisy[1])


def test_a_map_that_does_not_ask_the_model_stays() -> None:
    model = small_cnn_classifier()
    x = pixels_of(model)
    measured = ask("randomization", x[0, 0], model=model, x=x, again=lambda _model, image: -image[0, 0])
    assert measured.value == pytest.approx(1)
    assert measured.value >= FAILS


def test_a_map_of_the_weights_goes() -> None:
    """Of a linear model, the gradient is the weights, and new weights are unrelated."""
    model = linear_classifier(size=32)
    measured = ask("randomization", gradient(model, pixels_of(model)), model=model, again=gradient)
    assert measured.value == pytest.approx(0, abs=0.1)
    assert measured.value < PASSES


def test_layers_become_random_from_the_output_on() -> None:
    model, random = small_cnn_classifier(), []
    own = [layer.weight.clone() for layer in layers_of(model.network)]

    def again(other: Classifier, x: Tensor) -> Tensor:
        random.append([not torch.equal(a, b.weight) for a, b in zip(own, layers_of(other.network), strict=True)])
        return gradient(other, x)

    measured = ask("randomization", torch.rand(32, 32), RandomizationParams(stages=3), model=model, again=again)
    assert random == [[False, False, True], [False, True, True], [True, True, True]]
    assert [x for x, _ in measured.curve] == [0, 1, 2, 3]
    assert measured.curve[0] == (0, 1)
    assert measured.curve[-1][1] == measured.value


def test_the_network_that_learned_random_labels_is_asked() -> None:
    """Of a linear model, the gradient is the weights: the same network has the same, another has others."""
    model, other = linear_classifier(size=32), linear_classifier(size=32, seed=1)
    heat = gradient(model, pixels_of(model))
    for double, expected in ((model, 1), (other, 0)):
        asked = dataclasses.replace(model, random_labels=lambda double=double: double)
        assert ask("random_labels", -heat, model=asked, again=gradient).value == pytest.approx(expected, abs=0.1)


def positive(model: Classifier, x: Tensor) -> Tensor:
    """The part of the gradient that speaks for the label."""
    return gradient(model, x).clamp(min=0)


def test_which_random_label_is_called_the_finding_does_not_matter() -> None:
    model = linear_classifier(size=32)
    opposite = linear_classifier(size=32)
    opposite.network.weight.data.neg_()  # type: ignore[union-attr, operator]
    heat = positive(model, pixels_of(model))
    for double in (model, opposite):
        asked = dataclasses.replace(model, random_labels=lambda double=double: double)
        assert ask("random_labels", heat, model=asked, again=positive).value == pytest.approx(1)


def test_of_two_empty_maps_the_check_says_nothing_and_one_is_left_out() -> None:
    model = small_cnn_classifier()
    asked, heat = dataclasses.replace(model, random_labels=lambda: model), torch.rand(32, 32)
    assert math.isnan(ask("random_labels", heat, model=asked, again=lambda *_: torch.zeros(32, 32)).value)
    maps = iter([torch.zeros(32, 32), heat])
    assert ask("random_labels", heat, model=asked, again=lambda *_: next(maps)).value == pytest.approx(1)


def test_only_visible_pixels_are_ranked() -> None:
    model, visible = small_cnn_classifier(), square(32, 8, 8, 16)
    x = pixels_of(model)
    inside_only = torch.where(visible, x[0, 0], torch.rand(32, 32))
    measured = ask("randomization", x[0, 0], model=model, x=x, visible=visible, again=lambda *_: inside_only)
    assert measured.value == pytest.approx(1)


def test_an_empty_map_of_a_random_network_leaves_it_undefined() -> None:
    model = small_cnn_classifier()
    value = ask("randomization", torch.rand(32, 32), model=model, again=lambda *_: torch.zeros(32, 32)).value
    assert math.isnan(value)


def test_a_double_for_which_the_method_finds_nothing_is_left_out() -> None:
    model, heat, asked = small_cnn_classifier(), torch.rand(32, 32), []

    def again(other: Classifier, _x: Tensor) -> Tensor:
        asked.append(other.card.key)
        if len(asked) == 1:
            raise Unsupported("Counterfactual", "found no change", "Allow more steps.")
        return heat

    beside = dataclasses.replace(model, random_labels=lambda: model)
    assert ask("random_labels", heat, model=beside, again=again).value == pytest.approx(1)
    assert asked == ["toy_random_labels", "toy_random_labels_exchanged"]


def test_a_model_behind_a_defense_has_no_double() -> None:
    model = small_cnn_classifier()
    beside = dataclasses.replace(model, random_labels=lambda: model)
    assert "random labels" in beside.offers
    assert "random labels" not in beside.answering(lambda given, x: given(x)).offers
