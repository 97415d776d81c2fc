"""**What it is.** The picture is rounded to few gray levels before the model sees it, so that a change much smaller
than the distance of two levels is mostly rounded away. In the survey's terms: *modifying the data*, feature squeezing.

**What it guarantees.** Pictures that round to the same levels get the same answer. At 8 bits a picture that was stored
with 8 bits stays as it is.

**When to distrust it.** A pixel that lies near the border of two levels needs only a small push, and then moves by a
whole level: the change is not removed but made larger. An attacker who knows the defense looks for such pixels; his
gradient passes through the rounding as if it were not there (BPDA). With few levels, soft shadows and fine vessels turn
into steps, which costs accuracy on clean pictures too. Compare the knowing attacker with the unknowing one, and both
with noise of the same size.

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
from defenses._registry import Family, defense
from defenses._transforms import seen_through, straight_through


@dataclass(frozen=True)
class BitDepthParams(Params):
    """How coarse the gray levels are."""

    bits: int = param(4, "Bits that are left of each value: 2 to the power of bits gray levels.", low=1, high=8, step=1)


@defense(name="Fewer gray levels", family=Family.DATA, reference="arXiv:1704.01155")
def bit_depth(model: Classifier, params: BitDepthParams, rng: torch.Generator) -> Classifier:
    """The model on pictures of 2 ** bits gray levels; the gradient passes through the rounding."""
    return seen_through(model, straight_through(lambda x: rounded(x, params.bits)))


def rounded(x: Tensor, bits: int) -> Tensor:
    """Values in [0, 1] -> the nearest of 2 ** bits levels, the first of which is 0 and the last 1."""
    steps = (1 << bits) - 1
    return (x * steps).round() / steps
