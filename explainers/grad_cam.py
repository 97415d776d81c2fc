"""**What it is.** The last convolutional layer describes the image on a coarse grid of cells. Grad-CAM weighs each of
its channels by how much the raw score (the logit) depends on it on average, adds them up, and keeps what speaks for
the finding or, on request, what speaks against it. The cells are enlarged smoothly to the size of the image.

**What it guarantees.** It is the same on every run. Where the network averages that layer and weighs it to get the
logit, the cells for minus the cells against add up to the logit but for a constant. A map without evidence is zero
everywhere and stays so: it is never stretched to look hot.

**When to distrust it.** It is coarse: a cell covers about 32 by 32 pixels of what the model sees and takes in far
more, so small lesions can't be outlined, and heat spills over the edge of a lung or a lesion. Evidence of the other
sign is cut off: look at both. An empty map of a flagged image means that the score does not come from any one place.

**Reference.** Selvaraju, Cogswell, Das, Vedantam, Parikh, Batra 2017, *Grad-CAM: visual explanations from deep
networks via gradient-based localization*, [arXiv:1610.02391](https://arxiv.org/abs/1610.02391); evidence against is
its *counterfactual explanation*.
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.classifier import Classifier
from explainers._cam import CamParams, features_and_gradient
from explainers._registry import explainer


@explainer(
    name="Grad-CAM",
    signed=False,
    unit="logits / cell",
    reference="arXiv:1610.02391",
    passes=lambda _params, _shape: 1,
    needs=("feature map",),
    coarse=True,
    several=True,
)
def grad_cam(model: Classifier, x: Tensor, target: int, params: CamParams, rng: torch.Generator) -> Tensor:
    """x (N, C, h, w) -> evidence (N, rows, columns) for or against target, at least 0, in the cells of cam_layer."""
    features, gradient = features_and_gradient(model, x, target)
    return evidence(features, gradient, params.sign)


def evidence(features: Tensor, gradient: Tensor, sign: int) -> Tensor:
    """Features and the gradient of the logit (N, D, rows, columns) -> evidence of a sign (N, rows, columns)."""
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    return (sign * (weights * features).sum(dim=1)).clamp(min=0)
