"""**What it is.** The map of what the answer depends on, here the size of its gradient, is made for the picture and for
slightly noisy copies of it. The suspicion is how far the order of the pixels changes, 1 minus the rank correlation: the
map of a picture that an attack has pushed to an edge of the decision is said to be less stable.

**What it guarantees.** The same map for all copies gives zero, unrelated maps give about one. It knows no attack.

**When to distrust it.** Maps of gradients are restless on clean pictures too, so the difference is small at best. It
sees only how stable a map is, not whether it is right: an attack can leave the map as it was. Ranks have no gradient,
so the attacker who knows the detector can only try many changes and keep the best; a better search may find more.
Detectors that trust explanations were broken before.

**Reference.** Tao, Ma, Liu, Zhang 2018, *Attacks meet interpretability: attribute-steered detection of adversarial
samples*, [arXiv:1810.11580](https://arxiv.org/abs/1810.11580), the idea of detection by explanation; broken by Carlini
2019, *Is AmI (attacks meet interpretability) robust to adversarial examples?*,
[arXiv:1902.02322](https://arxiv.org/abs/1902.02322). The measure used here is simpler than theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor

from core.classifier import Classifier
from core.gradients import input_gradient
from core.params import Params, param
from defenses.detectors._reference import Reference
from defenses.detectors._registry import detector


@dataclass(frozen=True)
class ExplanationConsistencyParams(Params):
    """Size and number of the noisy copies."""

    sigma: float = param(1.0, "Standard deviation of the noise.", low=0, high=32, step=0.5, unit="/255")
    draws: int = param(2, "Noisy copies whose maps are compared with that of the picture.", low=1, high=32, step=1)


@detector(
    name="Consistency of the explanation",
    reference="arXiv:1810.11580",
    passes=lambda params, shape: 1 + params.draws,
    needs=("gradient",),
    differentiable=False,
)
def explanation_consistency(
    model: Classifier,
    x: Tensor,
    reference: Reference | None,
    params: ExplanationConsistencyParams,
    rng: torch.Generator,
) -> Tensor:
    """(N, C, h, w) in [0, 1] -> (N,) in [0, 2]: 1 minus the mean rank correlation of the maps of the highest logit."""
    original = _ranks(model, x)
    correlations = []
    for _ in range(params.draws):
        noisy = (x + params.sigma / 255 * torch.randn(x.shape, generator=rng)).clamp(0, 1)
        correlations.append((original * _ranks(model, noisy)).sum(dim=1))
    return 1 - torch.stack(correlations).mean(dim=0).float()


def _ranks(model: Classifier, x: Tensor) -> Tensor:
    """(N, h w) ranks of the size of the gradient at each pixel, with mean 0 and length 1; 0 for an even map."""
    gradient, _ = input_gradient(model, x, lambda logits: logits.amax(dim=1))
    ranks = rankdata(gradient.abs().sum(dim=1).flatten(1).numpy(), axis=1)
    centered = ranks - ranks.mean(axis=1, keepdims=True)
    return torch.from_numpy(centered / np.maximum(np.linalg.norm(centered, axis=1, keepdims=True), 1e-12))
