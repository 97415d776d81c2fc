"""**What it is.** As in SmoothGrad, the gradient of the raw score (the logit) is taken at many noisy copies of the
image. The map shows how much it varies among them: where the model changes its mind about a pixel.

**What it guarantees.** The same seed gives the same map. A pixel on which the score depends along a straight line is
zero, however strongly it depends on it.

**When to distrust it.** High values do not say that a pixel matters, but that its part in the score changes with its
surroundings ([arXiv:1806.03000](https://arxiv.org/abs/1806.03000)): it can mark busy texture. Zero does not say that a
pixel is ignored. It belongs to *noisy* images, and its values are squares: half the spread is a quarter of the heat.

**Reference.** Adebayo, Gilmer, Goodfellow, Kim 2018, *Local explanation methods for deep neural networks lack
sensitivity to parameter values*, [arXiv:1810.03307](https://arxiv.org/abs/1810.03307).
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.classifier import Classifier
from explainers._noise import SmoothGradParams, noisy_gradients
from explainers._registry import explainer


@explainer(
    name="VarGrad",
    signed=False,
    magnitude=True,
    unit="(logits / full scale)²",
    reference="arXiv:1810.03307",
    passes=lambda params, _shape: params.samples,
    needs=("gradient",),
)
def vargrad(model: Classifier, x: Tensor, target: int, params: SmoothGradParams, rng: torch.Generator) -> Tensor:
    """x (1, C, h, w) -> variance of the gradient of the logit (h, w) over noisy copies, largest over channels."""
    total, squares = torch.zeros_like(x[0], dtype=torch.float64), torch.zeros_like(x[0], dtype=torch.float64)
    for gradient in noisy_gradients(model, x, target, params, rng):
        total += gradient.sum(0, dtype=torch.float64)
        squares += gradient.double().square().sum(0)
    variance = squares / params.samples - (total / params.samples).square()
    return variance.clamp(min=0).amax(0).float()
