"""From a card to its network: everything between pixels in [0, 1] and logits happens inside."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import timm
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from core.errors import ModelError
from core.values import InputSpec, ModelCard, aperture


class Network(nn.Module):
    """(N, C, h, w) in [0, 1] -> (N, K) logits: aperture, normalization, gray to planes, backbone, head.

    backbone is any module (N, planes, h, w) -> (N, outputs).
    """

    backbone: Any

    def __init__(self, backbone: nn.Module, spec: InputSpec, head: nn.Module | None = None) -> None:
        super().__init__()
        self.backbone = backbone
        self.aperture, self.planes = spec.fit == "fov", spec.planes
        self.mean, self.std = (self._per_channel(values) for values in (spec.mean, spec.std))
        self.head = nn.Identity() if head is None else head

    @staticmethod
    def _per_channel(values: tuple[float, ...]) -> float | Tensor:
        # a buffer, and below torch.tensor rather than from_numpy, since core/tape.py sees both
        return values[0] if len(values) == 1 else nn.Buffer(torch.tensor(values)[:, None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.backbone(self.prepared(x)))
        return logits

    def prepared(self, x: Tensor) -> Tensor:
        """(N, C, h, w) in [0, 1] -> (N, planes, h, w) as the backbone takes it."""
        if self.aperture:
            x = x * torch.tensor(aperture(int(x.shape[3])), dtype=x.dtype)
        return ((x - self.mean) / self.std).expand(-1, self.planes, -1, -1)


class TimmNetwork(Network):
    """A network whose backbone is a timm model: its last feature map and its features can be read."""

    def __init__(self, backbone: nn.Module, spec: InputSpec, head: nn.Module | None = None) -> None:
        super().__init__(backbone, spec, head)
        self.feature_map = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.backbone.forward_head(self._map(x)))
        return logits

    def embed(self, x: Tensor) -> Tensor:
        """(N, C, h, w) in [0, 1] -> (N, D) features that the last layer weighs."""
        features: Tensor = self.backbone.forward_head(self._map(x), pre_logits=True)
        return features

    def _map(self, x: Tensor) -> Tensor:
        features: Tensor = self.feature_map(self.backbone.forward_features(self.prepared(x)))
        return features

    def first_stages(self, count: int) -> list[nn.Module]:
        """The stem and the first count stages of an EfficientNet."""
        return [self.backbone.conv_stem, self.backbone.bn1, *self.backbone.blocks[:count]]


def fold_batch_norms(module: nn.Module) -> None:
    """Let each convolution do the work of the batch norm that follows it, for inference: the same logits, in 0.8 times
    the time. Only for networks whose layers are registered in the order in which they are called."""
    children = list(module.named_children())
    for (name, layer), (next_name, following) in pairwise(children):
        if isinstance(layer, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
            setattr(module, name, fuse_conv_bn_eval(layer, following))
            setattr(module, next_name, getattr(following, "act", nn.Identity()))
    for _, child in children:
        fold_batch_norms(child)


class Head(nn.Module):
    """(N, outputs) of a network -> (N, K) logits of the labels of a card.

    Exclusive classes get the log-odds of each against the rest, so that a sigmoid gives what the softmax would.
    """

    def __init__(self, card: ModelCard) -> None:
        super().__init__()
        self.outputs = list(card.outputs)
        self.exclusive, self.temperature = card.head == "exclusive", card.temperature

    def forward(self, z: Tensor) -> Tensor:
        if not self.exclusive:
            return z[:, self.outputs]
        z = z / self.temperature
        own = torch.eye(z.shape[1], dtype=torch.bool)[self.outputs]  # (K, outputs)
        rest = z[:, None, :].masked_fill(own, -torch.inf)
        return z[:, self.outputs] - rest.logsumexp(dim=2)


def build(
    architecture: str, spec: InputSpec, outputs: int, *, dropout: float = 0.0, drop_path: float = 0.0
) -> TimmNetwork:
    """An untrained network of this timm architecture; raises ModelError for one that timm does not know."""
    if not timm.is_model(architecture):
        raise ModelError(f"Architecture {architecture!r}", "is not known", "Use the name of a timm model.")
    options: dict[str, Any] = {"drop_rate": dropout, "drop_path_rate": drop_path} if dropout or drop_path else {}
    backbone = timm.create_model(architecture, num_classes=outputs, in_chans=spec.planes, **options)
    return TimmNetwork(backbone, spec).to(memory_format=torch.channels_last)
