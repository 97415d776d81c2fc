"""From a card to its network: everything between pixels in [0, 1] and logits happens inside."""

from __future__ import annotations

from typing import Any

import numpy as np
import timm
import torch
from torch import Tensor, nn

from core.errors import ModelError
from core.values import InputSpec, aperture

ARCHITECTURES = ("tf_efficientnet_lite0",)


class Network(nn.Module):
    """(N, C, h, w) in [0, 1] -> (N, K) logits: aperture, normalization, gray to RGB, backbone."""

    backbone: Any

    def __init__(self, backbone: nn.Module, aperture: bool) -> None:
        super().__init__()
        self.backbone = backbone
        self.aperture = aperture

    def forward(self, x: Tensor) -> Tensor:
        if self.aperture:
            x = x * torch.from_numpy(aperture(x.shape[3]).astype(np.float32))
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


def build(architecture: str, spec: InputSpec, outputs: int, *, dropout: float = 0.0, drop_path: float = 0.0) -> Network:
    """An untrained network of this architecture; raises ModelError for an architecture that is not known."""
    if architecture not in ARCHITECTURES:
        raise ModelError(f"Architecture {architecture!r}", "is not known", f"Known are: {', '.join(ARCHITECTURES)}.")
    backbone = timm.create_model(architecture, num_classes=outputs, drop_rate=dropout, drop_path_rate=drop_path)
    return Network(backbone, aperture=spec.fit == "fov").to(memory_format=torch.channels_last)
