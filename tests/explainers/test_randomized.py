"""A copy with random weights: other answers, the same original, and nothing that both share."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np
import pytest
import torch
from torch import Tensor

from core.classifier import Classifier
from core.errors import ParameterError, Unsupported
from core.values import Floats
from explainers import EXPLAINERS, Explainer, explain
from explainers._randomized import layers_of, with_random_labels, with_random_weights
from explainers.metrics import rank_correlation
from tests.toys import classifier, linear_classifier, small_cnn_classifier


@pytest.fixture
def model() -> Classifier:
    return small_cnn_classifier(3, labels=2)


@pytest.fixture
def pixels() -> Floats:
    return np.random.default_rng(0).random((3, 32, 32), dtype=np.float32)


def weights(model: Classifier) -> list[torch.Tensor]:
    """Of each layer, from the input to the output."""
    return [layer.weight.clone() for layer in layers_of(model.network)]  # type: ignore[misc, operator]


@pytest.mark.parametrize(("layers", "kept"), [(1, 2), (2, 1), (3, 0), ("all", 0)])
def test_randomization_starts_at_the_output(
    model: Classifier, pixels: Floats, layers: int | Literal["all"], kept: int
) -> None:
    before = weights(model)
    copy = with_random_weights(model, layers, seed=0)
    same = [torch.equal(old, new) for old, new in zip(before, weights(copy), strict=True)]
    assert same == [True] * kept + [False] * (3 - kept)
    assert not np.allclose(copy.predict(pixels).logits, model.predict(pixels).logits)
    assert all(torch.equal(old, new) for old, new in zip(before, weights(model), strict=True))


def test_the_new_weights_have_the_spread_of_the_old_and_nothing_else(model: Classifier) -> None:
    for old, new in zip(weights(model), weights(with_random_weights(model, "all", seed=0)), strict=True):
        assert new.std() == pytest.approx(float(old.std()), rel=0.4)
        assert abs(np.corrcoef(old.flatten(), new.flatten())[0, 1]) < 0.5


def test_the_seed_decides(model: Classifier, pixels: Floats) -> None:
    first, again, other = (with_random_weights(model, 2, seed).predict(pixels).logits for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_copy_and_original_share_nothing(model: Classifier) -> None:
    watched = model.watched(lambda x, logits: pytest.fail("the watcher of the original"))
    outputs: list[Tensor] = []
    with model.cam_layer.register_forward_hook(lambda _layer, _inputs, output: outputs.append(output)):
        copy = with_random_weights(watched, 1, seed=0)
        copy(torch.zeros(1, 3, 32, 32))
    assert outputs == []
    assert copy.lock is not model.lock
    assert copy.cam_layer is not model.cam_layer
    assert copy.cam_layer in set(copy.network.modules())
    assert not {id(p) for p in copy.network.parameters()} & {id(p) for p in model.network.parameters()}
    assert not any(p.requires_grad for p in copy.network.parameters())
    with copy.cam_layer.register_forward_hook(lambda _layer, _inputs, output: outputs.append(output)):
        model(torch.zeros(1, 3, 32, 32))
        assert outputs == []
        copy(torch.zeros(1, 3, 32, 32))
        assert len(outputs) == 1


def test_its_card_promises_nothing(model: Classifier) -> None:
    first, second = (with_random_weights(model, 1, seed).card for seed in (0, 1))
    assert len({first.key, second.key, model.card.key}) == 3
    assert first.name == "Toy, 1 of 3 layers random"
    assert (first.sha256, first.results) == ("", {})


@pytest.mark.parametrize("key", [method.key for method in EXPLAINERS])
def test_the_map_of_a_network_that_knows_nothing_is_another_one(model: Classifier, pixels: Floats, key: str) -> None:
    copy = with_random_weights(model, "all", seed=0)
    before, after = (explain(key, each, pixels, 0).heat for each in (model, copy))
    assert not rank_correlation(before, after) > 0.7


def test_as_many_layers_as_there_are(model: Classifier) -> None:
    for layers in (0, 4):
        with pytest.raises(ParameterError, match=f"must be between 1 and 3 for toy, not {layers}"):
            with_random_weights(model, layers, seed=0)


def test_a_network_without_weights_is_refused() -> None:
    empty = classifier(torch.nn.Flatten(), torch.nn.Identity(), 1, 4, 16)
    with pytest.raises(Unsupported, match="holds no layers"):
        with_random_weights(empty, "all", seed=0)


def test_a_scripted_network() -> None:
    model = linear_classifier()
    x = torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    with pytest.warns((DeprecationWarning, FutureWarning)):
        scripted = torch.jit.trace(model.network, x)
    foreign = dataclasses.replace(model, network=scripted, cam_layer=None)
    before = foreign(x)
    copy = with_random_weights(foreign, "all", seed=0)
    assert not torch.allclose(copy(x), before)
    assert torch.equal(foreign(x), before)


@pytest.mark.parametrize("exchanged", [False, True])
def test_of_a_network_that_learned_random_labels_nothing_is_measured(
    model: Classifier, pixels: Floats, *, exchanged: bool
) -> None:
    other = small_cnn_classifier(3, labels=2, seed=1)
    copy = with_random_labels(dataclasses.replace(model, random_labels=lambda: other), exchanged=exchanged)
    sign = -1 if exchanged else 1
    assert np.array_equal(copy.predict(pixels).logits, sign * other.predict(pixels).logits)
    assert copy.cam_layer is other.cam_layer
    assert copy.lock is other.lock
    assert copy.card.key == "toy_random_labels" + "_exchanged" * exchanged
    assert (copy.card.results, copy.card.sha256, copy.distance, copy.forward_only) == ({}, "", None, None)


@pytest.mark.parametrize("method", [*EXPLAINERS], ids=lambda method: method.key)
def test_every_method_can_ask_such_a_network(model: Classifier, pixels: Floats, method: Explainer) -> None:
    copy = with_random_labels(dataclasses.replace(model, random_labels=lambda: small_cnn_classifier(3)), exchanged=True)
    assert np.isfinite(explain(method.key, copy, pixels, 0).heat).all()
