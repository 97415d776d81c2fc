"""**What it is.** The strongest pattern in the last convolutional layer, drawn where it stands out from the average of
the picture. **This map does not know which finding was chosen: it is the same for every finding, and the same whether
the model flags it or not.** It shows what the network notices, not what its score depends on.

**What it guarantees.** It needs one look at the picture and no gradient, and it is the same on every run. The pattern
is the first principal component of the cells. A principal component has no sign of its own; it is turned so that it
grows with the total strength of the features, and only what lies above the average of the picture is drawn.

**When to distrust it.** As an explanation of a score, always. Use it to ask whether the network looks at the body at
all, or at a marker or a border. A second pattern, however important to the score, is not in the map. Where the features
are strong all over and fall silent at a lesion, the lesion is what it leaves out.

**Reference.** Muhammad, Yeasin 2020, *Eigen-CAM: class activation map using principal components*,
[arXiv:2008.00299](https://arxiv.org/abs/2008.00299); the mean is taken off first, as is usual for principal components.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import Params
from explainers._cam import feature_map
from explainers._registry import explainer


@dataclass(frozen=True)
class EigenCamParams(Params):
    """There is nothing to choose."""


@explainer(
    name="Eigen-CAM (any finding)",
    signed=False,
    magnitude=True,
    unit="feature strength",
    reference="arXiv:2008.00299",
    passes=lambda _params, _shape: 1,
    needs=("feature map",),
    coarse=True,
)
def eigen_cam(model: Classifier, x: Tensor, target: int, params: EigenCamParams, rng: torch.Generator) -> Tensor:
    """x (1, C, h, w) -> the first principal component (rows, columns) of cam_layer, its positive part."""
    features = feature_map(model, x)
    cells = features[0].flatten(1).T
    cells = cells - cells.mean(0)
    if cells.shape[0] <= cells.shape[1]:  # decompose the smaller of the two matrices of products
        squares, directions = torch.linalg.eigh(cells @ cells.T)
        component: Tensor = directions[:, -1] * squares[-1].clamp(min=0).sqrt()
    else:
        component = cells @ torch.linalg.eigh(cells.T @ cells)[1][:, -1]
    if component @ cells.sum(1) < 0:
        component = -component
    return component.reshape(features.shape[2:]).clamp(min=0)
