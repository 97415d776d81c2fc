"""**What it is.** A variant of Grad-CAM that gives more say to the cells that speak for the finding. It was made for
pictures that hold the same thing several times: where Grad-CAM averages over the whole map and may pass over the
smaller of two lesions, every cell here gets a weight of its own before the channels are added up.

**What it guarantees.** It is the same on every run. A map without evidence is zero everywhere and stays so.

**When to distrust it.** It ignores all cells that pull the other way, so it draws something in almost every picture:
that a place is hot does not mean that the model flags it. The weights come from a formula for the exponential of the
score that few models are trained for; the values are good for comparing places within one map, not models or pictures.
It is as coarse as Grad-CAM. If it shows a place that HiResCAM or occlusion does not, believe those.

**Reference.** Chattopadhyay, Sarkar, Howlader, Balasubramanian 2018, *Grad-CAM++: improved visual explanations for
deep convolutional networks*, [arXiv:1710.11063](https://arxiv.org/abs/1710.11063).
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.classifier import Classifier
from explainers._cam import CamParams, features_and_gradient
from explainers._registry import explainer


@explainer(
    name="Grad-CAM++",
    signed=False,
    unit="weighted logits",
    reference="arXiv:1710.11063",
    passes=lambda _params, _shape: 1,
    needs=("feature map",),
    coarse=True,
    several=True,
)
def grad_cam_plus_plus(model: Classifier, x: Tensor, target: int, params: CamParams, rng: torch.Generator) -> Tensor:
    """x (N, C, h, w) -> evidence (N, rows, columns) for or against target, at least 0, in the cells of cam_layer.

    Equations 7 and 19, shortened by the exponential of the logit and by the squared gradient: the weight of a cell is
    rising / (2 + rising * sum of its channel). Derived for features that are never negative; of others (SiLU, GELU) the
    positive part is summed, so that no weight can change its sign.
    """
    features, gradient = features_and_gradient(model, x, target)
    rising = (params.sign * gradient).clamp(min=0)
    strength = features.clamp(min=0).sum(dim=(2, 3), keepdim=True)
    weights = (rising / (2 + rising * strength)).sum(dim=(2, 3), keepdim=True)
    return (weights * features).sum(dim=1).clamp(min=0)
