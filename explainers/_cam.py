"""What the CAM family shares: a feature map with its gradient, a sign to ask for, and cells enlarged to pixels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from core.classifier import Classifier
from core.params import Params, param


@dataclass(frozen=True)
class CamParams(Params):
    """Which sign of the evidence is kept."""

    evidence: str = param("for", "Evidence for or against the finding.", choices=("for", "against"))

    @property
    def sign(self) -> int:
        """What the logit is multiplied by, so that the evidence that is asked for is positive."""
        return 1 if self.evidence == "for" else -1


def feature_map(model: Classifier, x: Tensor) -> Tensor:
    """What cam_layer (D channels) says of x (1, C, h, w): (1, D, rows, columns). One forward pass."""
    maps: list[Tensor] = []
    model.showing(maps.append)(x)
    (features,) = maps
    return features


def features_and_gradient(model: Classifier, x: Tensor, target: int) -> tuple[Tensor, Tensor]:
    """The feature maps of x (N, C, h, w), and the gradient of the logit with respect to them, in logits per unit of a
    feature: both (N, D, rows, columns). One forward and one partial backward pass."""
    maps: list[Tensor] = []
    with torch.enable_grad():
        logits = model.showing(maps.append)(x.detach().requires_grad_(True))[:, target]
        (features,) = maps
        (gradient,) = torch.autograd.grad(logits.sum(), features)
    return features.detach(), gradient


def enlarged(cells: Tensor, x: Tensor) -> Tensor:
    """cells (1, D, rows, columns) -> (1, D, h, w), the size of x, bilinear between the centers of the cells."""
    return functional.interpolate(cells, size=x.shape[2:], mode="bilinear", align_corners=False)
