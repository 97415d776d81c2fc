"""Toy classifiers small enough to know by heart; real ones are too slow and have no known answer."""

from __future__ import annotations

import copy
import dataclasses

import torch
from torch import Tensor, nn

from core.classifier import Classifier
from core.values import InputSpec, ModelCard


class Linear(nn.Module):
    """logit_k = sum(weight_k * x) + bias_k; a mid-gray image has logit 0."""

    def __init__(self, weight: Tensor) -> None:
        """weight (K, C, h, w)."""
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(-0.5 * weight.flatten(1).sum(1))
        self.features = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.features(x).flatten(1) @ self.weight.flatten(1).T + self.bias
        return logits


class SmallCnn(nn.Module):
    """Two convolutions of stride 2 with ReLU, global average pooling, a linear head."""

    def __init__(self, channels: int, labels: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(channels, 8, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 8, 3, stride=2, padding=1),
            nn.ReLU(),
        )
        self.head = nn.Linear(8, labels)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(x).mean((2, 3)))
        return logits


def linear_classifier(channels: int = 1, size: int = 16, labels: int = 1, seed: int = 0) -> Classifier:
    """A linear model; its weights, network.weight (K, C, h, w), are normal and scaled to logits of about one."""
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(labels, channels, size, size, generator=generator) * 3 / (channels * size * size) ** 0.5
    network = Linear(weight)
    return classifier(network, network.features, channels, size, labels)


def small_cnn_classifier(channels: int = 1, size: int = 32, labels: int = 1, seed: int = 0) -> Classifier:
    """A random-weight CNN; its last feature map is (8, size / 4, size / 4); a mid-gray image has logit 0."""
    network = SmallCnn(channels, labels)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim == 1:
                parameter.zero_()
            else:
                fan_in = parameter[0].numel()
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * (2 / fan_in) ** 0.5)
        network.head.bias.copy_(-network(torch.full((1, channels, size, size), 0.5))[0])
    return classifier(network, network.features[-1], channels, size, labels)


def with_all_aids(model: Classifier) -> Classifier:
    """A toy model with a surrogate and universal changes, so that it offers whatever a perturbation may need."""
    spec, labels = model.card.input, len(model.card.labels)
    other = small_cnn_classifier(spec.channels, spec.size, labels, seed=2)
    generator = torch.Generator().manual_seed(0)
    signs = 2.0 * torch.randint(2, (2, spec.channels, spec.size, spec.size), generator=generator) - 1
    return dataclasses.replace(model, surrogate=lambda: other, universal=signs.numpy)


def classifier(network: nn.Module, cam_layer: nn.Module, channels: int, size: int, labels: int) -> Classifier:
    """Freeze network, put it in evaluation mode and give it a card."""
    card = ModelCard(
        key="toy",
        name="Toy",
        summary="A toy for tests.",
        input=InputSpec(modality="cxr" if channels == 1 else "dermoscopy", channels=channels, size=size, fit="squash"),
        labels=tuple(f"finding {k}" for k in range(labels)),
        operating_points={"balanced": (0.5,) * labels},
        temperature=1.0,
        architecture=type(network).__name__,
        weights="toy.safetensors",
        sha256="0" * 64,
        license="Apache-2.0",
        training=(),
        results={},
        test_split="none",
        intended_use="Tests.",
        limits=("It has learned nothing.",),
    )
    return Classifier(card, network.eval().requires_grad_(False), cam_layer)


def fresh(model: Classifier) -> Classifier:
    """The same model with a copy of its network, of which nothing is known."""
    network, cam_layer = copy.deepcopy((model.network, model.cam_layer))
    return dataclasses.replace(model, network=network, cam_layer=cam_layer, forward_only=None)
