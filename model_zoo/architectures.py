"""From a card to its network: everything between pixels in [0, 1] and logits happens inside."""

from __future__ import annotations

from typing import Any

import timm
import torch
from torch import Tensor, nn

from core.errors import ModelError
from core.values import InputSpec

ARCHITECTURES = ("tf_efficientnet_lite0",)
APERTURE = 0.98  # semi-axes of the visible ellipse, as a share of those of the inscribed one


class Network(nn.Module):
    """(N, C, h, w) in [0, 1] -> (N, K) logits: aperture, normalization, gray to RGB, backbone."""

    backbone: Any

    def __init__(self, backbone: nn.Module, aperture: bool) -> None:
        super().__init__()
        self.backbone = backbone
        self.aperture = aperture

    def forward(self, x: Tensor) -> Tensor:
        if self.aperture:
            x = x * ellipse(x.shape[2], x.shape[3])
        x = (x - 0.5) / 0.5
        logits: Tensor = self.backbone(x.expand(-1, 3, -1, -1))
        return logits

    def first_stages(self, count: int) -> list[nn.Module]:
        """The stem and the first count stages of the backbone."""
        return [self.backbone.conv_stem, self.backbone.bn1, *self.backbone.blocks[:count]]

    @property
    def cam_layer(self) -> nn.Module:
        """The last convolutional feature map, after its activation: pooling and one linear layer follow."""
        layer: nn.Module = self.backbone.bn2
        return layer


def ellipse(height: int, width: int) -> Tensor:
    """(h, w) of 1 inside and 0 outside the ellipse inscribed in the frame, shrunk by APERTURE."""
    y = (torch.arange(height) + 0.5) / height * 2 - 1
    x = (torch.arange(width) + 0.5) / width * 2 - 1
    return (y[:, None] ** 2 + x[None, :] ** 2 <= APERTURE**2).float()


def build(architecture: str, spec: InputSpec, outputs: int, *, dropout: float = 0.0, drop_path: float = 0.0) -> Network:
    """An untrained network of this architecture; raises ModelError for an architecture that is not known."""
    if architecture not in ARCHITECTURES:
        raise ModelError(f"Architecture {architecture!r}", "is not known", f"Known are: {', '.join(ARCHITECTURES)}.")
    backbone = timm.create_model(architecture, num_classes=outputs, drop_rate=dropout, drop_path_rate=drop_path)
    return Network(backbone, aperture=spec.fit == "fov").to(memory_format=torch.channels_last)
