"""**What it is.** The gradient of the model's raw score (the logit) with respect to every pixel, drawn without its
sign. A high value says: the smallest change of this pixel would move the score the most.

**What it guarantees.** It is exact for infinitely small changes and the same on every run. It is the very quantity
that gradient attacks follow.

**When to distrust it.** It says where the score is *sensitive*, not what it is *based on*: once a model is sure, the
pixels that convinced it can have no gradient at all. The map looks like noise, and edges light up whatever the model
has learned ([arXiv:1810.03292](https://arxiv.org/abs/1810.03292)). On chest X-rays such maps matched radiologists'
outlines poorly ([doi:10.1148/ryai.2021200267](https://doi.org/10.1148/ryai.2021200267)). Compare it with occlusion.

**Reference.** Simonyan, Vedaldi, Zisserman 2013, *Deep inside convolutional networks: visualising image classification
models and saliency maps*, [arXiv:1312.6034](https://arxiv.org/abs/1312.6034).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.gradients import input_gradient
from core.params import Params, param
from explainers._registry import explainer


@dataclass(frozen=True)
class SaliencyParams(Params):
    """How color channels are joined."""

    channels: str = param("max", "How red, green and blue are joined in color images.", choices=("max", "sum"))


@explainer(
    name="Saliency",
    signed=False,
    magnitude=True,
    unit="logits / full scale",
    reference="arXiv:1312.6034",
    passes=lambda _params, _shape: 1,
    needs=("gradient",),
    several=True,
)
def saliency(model: Classifier, x: Tensor, target: int, params: SaliencyParams, rng: torch.Generator) -> Tensor:
    """x (N, C, h, w) -> |gradient of the logit| (N, h, w), its largest value or sum over the channels."""
    gradient, _ = input_gradient(model, x, lambda logits: logits[:, target])
    size = gradient.abs()
    return size.amax(1) if params.channels == "max" else size.sum(1)
