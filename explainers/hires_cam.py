"""**What it is.** The last convolutional layer describes the image on a coarse grid of cells. Each of its values is
multiplied by how much the raw score (the logit) depends on this very value, and the products are added up cell by cell.
Positive: this cell raised the score. Negative: it lowered it.

**What it guarantees.** It is the same on every run. Where what follows that layer is linear, as in most classifiers,
the cells add up to the logit but for a constant: nothing is invented and nothing is left out. Where the network also
averages that layer over the picture, Grad-CAM draws the same cells.

**When to distrust it.** It is coarse: a cell takes in far more of the picture than it covers, so small lesions can't be
outlined, and the smooth transition between cells is drawn, not measured. It explains the last step only: which pixels
made a cell speak it can't say.

**Reference.** Draelos, Carin 2020, *Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural
networks*, [arXiv:2011.08891](https://arxiv.org/abs/2011.08891).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import Params
from explainers._cam import features_and_gradient
from explainers._registry import explainer


@dataclass(frozen=True)
class HiResCamParams(Params):
    """There is nothing to choose."""


@explainer(
    name="HiResCAM",
    signed=True,
    unit="logits / cell",
    reference="arXiv:2011.08891",
    passes=lambda _params, _shape: 1,
    needs=("feature map",),
    coarse=True,
    several=True,
)
def hires_cam(model: Classifier, x: Tensor, target: int, params: HiResCamParams, rng: torch.Generator) -> Tensor:
    """x (N, C, h, w) -> contributions (N, rows, columns) of the cells of cam_layer to the logit."""
    features, gradient = features_and_gradient(model, x, target)
    return (gradient * features).sum(dim=1)
