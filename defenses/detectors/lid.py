r"""**What it is.** How many dimensions the data seem to have around the picture: if the distances to its nearest clean
pictures grow quickly from the first to the last, few; if they are all alike, many. Attacks are said to leave the thin
sheet on which real pictures lie, and so to see more dimensions: $-\bigl(\tfrac1k\sum_i \ln(r_i/r_k)\bigr)^{-1}$.

**What it guarantees.** It knows no attack: only clean pictures, none of which is judged. Where the data fill a ball of
d dimensions evenly, the estimate is near d.

**When to distrust it.** The estimate rests on a few neighbors and scatters widely. The paper looks at all layers and
learns from attacked pictures how to weigh them; this looks at the last layer alone and learns nothing. Detectors of
this kind were evaded by attackers who know them, and by some who only attack harder.

**Reference.** Ma, Li, Wang, Erfani, Wijewickrema, Schoenebeck, Song, Houle, Bailey 2018, *Characterizing adversarial
subspaces using local intrinsic dimensionality*, [arXiv:1801.02613](https://arxiv.org/abs/1801.02613). Broken by
attackers who know it: Athalye, Carlini, Wagner 2018, [arXiv:1802.00420](https://arxiv.org/abs/1802.00420).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import Params, param
from defenses.detectors._reference import Reference, embedded, squared_distances
from defenses.detectors._registry import detector

TINY = 1e-12  # squared distance, below which a picture is taken for one of the reference


@dataclass(frozen=True)
class LidParams(Params):
    """How far around it looks."""

    neighbors: int = param(20, "Nearest clean pictures that are looked at.", low=2, high=200, step=1)


@detector(
    name="Local intrinsic dimensionality",
    reference="arXiv:1801.02613",
    passes=lambda params, shape: 1,
    needs=("feature map",),
    fitted=True,
)
def lid(model: Classifier, x: Tensor, reference: Reference, params: LidParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> (N,) the maximum-likelihood estimate from at most params.neighbors pictures."""
    features, _ = embedded(model, x)
    squares = squared_distances(features, reference.features).clamp_min(TINY)
    count = min(params.neighbors, len(reference.features))
    nearest = squares.topk(count, dim=1, largest=False).values.log() / 2
    return 1 / (nearest[:, -1:] - nearest).mean(dim=1).clamp_min(TINY)
