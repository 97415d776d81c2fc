"""**What it is.** The last convolutional layer describes the image on a coarse grid of cells. Each of its values is
multiplied by how much the raw score (the logit) would rise with it; values that would lower it are left out. What is
left is added up cell by cell. On request, what would lower the score is kept instead.

**What it guarantees.** It is the same on every run. Each cell is judged by itself, not by the average of the picture. A
map without evidence is zero everywhere and stays so.

**When to distrust it.** It shows one side only, even within a cell: a cell in which the evidence against outweighs the
evidence for is still drawn hot. Look at both sides, or at HiResCAM, which sets them off. It is as coarse as Grad-CAM;
the finer maps of its paper come from earlier layers, which are not used here.

**Reference.** Jiang, Zhang, Hou, Cheng, Wei 2021, *LayerCAM: exploring hierarchical class activation maps for
localization*, [doi:10.1109/TIP.2021.3089943](https://doi.org/10.1109/TIP.2021.3089943).
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.classifier import Classifier
from explainers._cam import CamParams, features_and_gradient
from explainers._registry import explainer


@explainer(
    name="LayerCAM",
    signed=False,
    unit="logits / cell",
    reference="doi:10.1109/TIP.2021.3089943",
    passes=lambda _params, _shape: 1,
    needs=("feature map",),
    coarse=True,
    several=True,
)
def layer_cam(model: Classifier, x: Tensor, target: int, params: CamParams, rng: torch.Generator) -> Tensor:
    """x (N, C, h, w) -> evidence (N, rows, columns) for or against target, at least 0, in the cells of cam_layer."""
    features, gradient = features_and_gradient(model, x, target)
    rising = (params.sign * gradient).clamp(min=0)
    return (rising * features).sum(dim=1).clamp(min=0)
