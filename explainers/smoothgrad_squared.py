"""**What it is.** As in SmoothGrad, the gradient of the raw score (the logit) is taken at many noisy copies of the
image, but each is squared before they are averaged. Gradients of both signs then add up instead of canceling out.

**What it guarantees.** The same seed gives the same map. No value is smaller than the square of the one in SmoothGrad;
in gray pictures the rest is what VarGrad shows.

**When to distrust it.** Squaring makes few places stand out, and a map that looks clear is no truer one. It ranked
pixels better than the plain average where models were trained again without the pixels it had named
([arXiv:1806.10758](https://arxiv.org/abs/1806.10758)); that was on photographs. Like SmoothGrad it explains *noisy*
images, and shows sensitivity, not reasons. Its values are squares: half the sensitivity is a quarter of the heat.

**Reference.** Hooker, Erhan, Kindermans, Kim 2019, *A benchmark for interpretability methods in deep neural networks*,
[arXiv:1806.10758](https://arxiv.org/abs/1806.10758).
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.classifier import Classifier
from explainers._noise import SmoothGradParams, noisy_gradients
from explainers._registry import explainer


@explainer(
    name="SmoothGrad-Squared",
    signed=False,
    magnitude=True,
    unit="(logits / full scale)²",
    reference="arXiv:1806.10758",
    passes=lambda params, _shape: params.samples,
    needs=("gradient",),
)
def smoothgrad_squared(
    model: Classifier, x: Tensor, target: int, params: SmoothGradParams, rng: torch.Generator
) -> Tensor:
    """x (1, C, h, w) -> mean squared gradient of the logit (h, w) over noisy copies, its largest over the channels."""
    total = torch.zeros_like(x[0])
    for gradient in noisy_gradients(model, x, target, params, rng):
        total += gradient.square().sum(0)
    return (total / params.samples).amax(0)
