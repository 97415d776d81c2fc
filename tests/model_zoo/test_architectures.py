"""Normalization, gray to RGB and aperture happen inside the network, and so does the head."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from core.classifier import Classifier
from core.errors import ModelError
from core.values import InputSpec
from model_zoo.architectures import Head, Network, build, fold_batch_norms
from tests.foreign import foreign_card

CHEST = InputSpec("cxr", 1, 64, "squash")
EYE = InputSpec("fundus", 3, 64, "fov")


def test_gray_level_of_a_constant_picture_is_normalized_and_repeated() -> None:
    network = build("tf_efficientnet_lite0", CHEST, 1).eval()
    with torch.inference_mode():
        inside = network(torch.full((1, 1, 64, 64), 0.8))
        by_hand = network.backbone(torch.full((1, 3, 64, 64), 0.6))
    torch.testing.assert_close(inside, by_hand)


def test_each_channel_has_its_own_normalization() -> None:
    spec = replace(CHEST, channels=3, mean=(0.1, 0.2, 0.3), std=(1.0, 2.0, 4.0))
    prepared = Network(nn.Identity(), spec).prepared(torch.full((1, 3, 2, 2), 0.5))
    torch.testing.assert_close(prepared[0, :, 0, 0], torch.tensor([0.4, 0.15, 0.05]))


def test_a_network_of_one_plane_sees_hounsfield_like_numbers() -> None:
    spec = replace(CHEST, mean=(0.5,), std=(1 / 2048,), planes=1)
    x = torch.tensor([0.0, 0.5, 1.0]).reshape(1, 1, 1, 3)
    assert Network(nn.Identity(), spec).prepared(x).flatten().tolist() == [-1024, 0, 1024]


def test_nothing_outside_the_aperture_has_a_gradient() -> None:
    torch.manual_seed(0)
    network = build("tf_efficientnet_lite0", EYE, 1).eval()
    x = torch.rand(1, 3, 64, 64, requires_grad=True)
    (gradient,) = torch.autograd.grad(network(x).sum(), x)
    outside = torch.from_numpy(~EYE.visible)
    assert 0.2 < outside.float().mean() < 0.3
    assert gradient[..., outside].abs().max() == 0
    assert gradient[..., ~outside].abs().max() > 0


def test_feature_map_is_what_the_last_layer_averages() -> None:
    network = build("tf_efficientnet_lite0", CHEST, 1).eval()
    maps: list[torch.Tensor] = []
    handle = network.feature_map.register_forward_hook(lambda _module, _inputs, output: maps.append(output))
    x = torch.rand(2, 1, 64, 64)
    with torch.inference_mode():
        logits = network(x)
        handle.remove()
        torch.testing.assert_close(network.backbone.classifier(maps[0].mean(dim=(2, 3))), logits)
        torch.testing.assert_close(network.embed(x), maps[0].mean(dim=(2, 3)))


def test_unknown_architecture() -> None:
    with pytest.raises(ModelError, match="resnet7"):
        build("resnet7", CHEST, 1)


def test_hidden_outputs_of_an_independent_head_are_dropped() -> None:
    z = torch.arange(8.0).reshape(2, 4)
    head = Head(foreign_card(hidden=(0, 2), temperature=3.0))
    assert head(z).tolist() == [[1, 3], [5, 7]]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
@pytest.mark.parametrize("hidden", [(), (0,), (1, 3)])
def test_sigmoid_of_an_exclusive_head_is_the_softmax(temperature: float, hidden: tuple[int, ...]) -> None:
    card = foreign_card(head="exclusive", hidden=hidden, temperature=temperature)
    z = 5 * torch.randn(6, len(card.labels) + len(hidden), generator=torch.Generator().manual_seed(0))
    predictions = Classifier(card, nn.Identity(), None).interpret(Head(card)(z))
    expected = torch.softmax(z / temperature, dim=1)[:, list(card.outputs)]
    found = torch.stack([torch.from_numpy(p.probabilities) for p in predictions])
    torch.testing.assert_close(found, expected)


def test_folding_keeps_the_logits() -> None:
    torch.manual_seed(0)
    network = build("tf_efficientnet_lite0", EYE, 2)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.1, 0.1)  # type: ignore[arg-type]
            torch.nn.init.uniform_(module.running_var, 0.5, 2)  # type: ignore[arg-type]
    network.eval().requires_grad_(False)
    x = torch.rand(2, 3, 64, 64)
    expected = network(x)
    fold_batch_norms(network)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
    assert torch.allclose(network(x), expected, rtol=1e-4, atol=1e-4)
