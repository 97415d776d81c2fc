r"""**What it is.** Clean pictures that get the same answer form a cloud of features. The suspicion is how thin that
cloud is where the picture lies: minus the logarithm of a density made of one bell per clean picture. An attacked
picture that was pushed across the border of the decision lands in a cloud to which it does not belong.

**What it guarantees.** It knows no attack: only clean pictures, none of which is judged. A picture equal to many clean
ones of its answer is hardly suspicious.

**When to distrust it.** What is rare is thin too: an unusual patient, another device. With wide bells the density is
little more than the distance to the center of the cloud, with narrow ones only the nearest pictures count. A strong
attack lands in the middle of the wrong cloud and looks more usual than a real patient. An attacker who knows the
detector descends on it.

**Reference.** Feinman, Curtin, Shintre, Gardner 2017, *Detecting adversarial samples from artifacts*,
[arXiv:1703.00410](https://arxiv.org/abs/1703.00410). Broken by attackers who know it: Carlini, Wagner 2017,
*Adversarial examples are not easily detected*, [arXiv:1705.07263](https://arxiv.org/abs/1705.07263).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import Params, param
from defenses.detectors._reference import Reference, embedded, flagged, squared_distances
from defenses.detectors._registry import detector


@dataclass(frozen=True)
class KernelDensityParams(Params):
    """Width of the bells."""

    bandwidth: float = param(
        0.5, "Width, in multiples of the usual distance of a picture to its nearest.", low=0.05, high=10, step=0.05
    )


@detector(
    name="Kernel density",
    reference="arXiv:1703.00410",
    passes=lambda params, shape: 1,
    needs=("feature map",),
    fitted=True,
)
def kernel_density(
    model: Classifier, x: Tensor, reference: Reference, params: KernelDensityParams, rng: torch.Generator
) -> Tensor:
    """(N, C, h, w) in [0, 1] -> (N,) minus the logarithm of the mean of the bells, each 1 at its top, of those pictures
    of the reference that get the same answer; of all where none does."""
    features, logits = embedded(model, x)
    same = flagged(model, logits, reference.target)[:, None] == reference.flagged
    same = same | ~same.any(dim=1, keepdim=True)
    width = params.bandwidth * reference.spread
    bells = -squared_distances(features, reference.features) / (2 * width**2)
    counts = same.sum(dim=1).float()
    return counts.log() - bells.masked_fill(~same, -math.inf).logsumexp(dim=1)
