"""Normalization, gray to RGB and aperture happen inside the network."""

from __future__ import annotations

import pytest
import torch

from core.errors import ModelError
from core.values import InputSpec
from model_zoo.architectures import build

CHEST = InputSpec("cxr", 1, 64, "squash")
EYE = InputSpec("fundus", 3, 64, "fov")


def test_gray_level_of_a_constant_picture_is_normalized_and_repeated() -> None:
    network = build("tf_efficientnet_lite0", CHEST, 1).eval()
    with torch.inference_mode():
        inside = network(torch.full((1, 1, 64, 64), 0.8))
        by_hand = network.backbone(torch.full((1, 3, 64, 64), 0.6))
    torch.testing.assert_close(inside, by_hand)


def test_nothing_outside_the_aperture_has_a_gradient() -> None:
    torch.manual_seed(0)
    network = build("tf_efficientnet_lite0", EYE, 1).eval()
    x = torch.rand(1, 3, 64, 64, requires_grad=True)
    (gradient,) = torch.autograd.grad(network(x).sum(), x)
    outside = torch.from_numpy(~EYE.visible)
    assert 0.2 < outside.float().mean() < 0.3
    assert gradient[..., outside].abs().max() == 0
    assert gradient[..., ~outside].abs().max() > 0


def test_cam_layer_is_what_the_last_layer_averages() -> None:
    network = build("tf_efficientnet_lite0", CHEST, 1).eval()
    maps: list[torch.Tensor] = []
    handle = network.cam_layer.register_forward_hook(lambda _module, _inputs, output: maps.append(output))
    with torch.inference_mode():
        logits = network(torch.rand(2, 1, 64, 64))
        handle.remove()
        torch.testing.assert_close(network.backbone.classifier(maps[0].mean(dim=(2, 3))), logits)


def test_unknown_architecture() -> None:
    with pytest.raises(ModelError, match="resnet7"):
        build("resnet7", CHEST, 1)
