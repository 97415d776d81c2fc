"""**What it is.** The model is asked about the picture, about the picture in few gray levels, and about the picture
smoothed by a median. The largest difference of its percentages is the suspicion: a real finding survives such a change,
an attack of fine details often does not.

**What it guarantees.** It knows nothing of attacks and was trained on none. Where neither change moves the answer, the
suspicion is zero.

**When to distrust it.** A picture near the threshold, or one with fine findings, is suspicious without any attacker. An
attack that survives the squeezing is not seen: an attacker who knows the detector searches for one, and his gradient
passes through it. Look at the false alarms on artifacts, and at the row of the attacker who knows.

**Reference.** Xu, Evans, Qi 2018, *Feature squeezing: detecting adversarial examples in deep neural networks*,
[arXiv:1704.01155](https://arxiv.org/abs/1704.01155). Broken by attackers who know it: He, Wei, Chen, Carlini, Song
2017, [arXiv:1706.04701](https://arxiv.org/abs/1706.04701).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import Params, param
from defenses._transforms import straight_through
from defenses.bit_depth import rounded
from defenses.detectors._reference import Reference
from defenses.detectors._registry import detector
from defenses.median_smoothing import smoothed


@dataclass(frozen=True)
class FeatureSqueezingParams(Params):
    """How far the picture is squeezed."""

    bits: int = param(5, "Bits that are left of each value.", low=1, high=8, step=1)
    radius: int = param(1, "Pixels to each side over which the median is taken.", low=1, high=3, step=1)


@detector(name="Feature squeezing", reference="arXiv:1704.01155", passes=lambda params, shape: 3)
def feature_squeezing(
    model: Classifier, x: Tensor, reference: Reference | None, params: FeatureSqueezingParams, rng: torch.Generator
) -> Tensor:
    """(N, C, h, w) in [0, 1] -> (N,) in [0, K]: the larger of two sums of differences of K probabilities."""
    coarse = straight_through(lambda picture: rounded(picture, params.bits))(x)
    told, *squeezed = (
        torch.sigmoid(model(picture) / model.card.scale) for picture in (x, coarse, smoothed(x, params.radius))
    )
    return torch.stack([(other - told).abs().sum(dim=1) for other in squeezed]).amax(dim=0)
