"""**What it is.** How far the features of the picture are from those of the training data: the distance to the nearest
class, in which directions that vary little count much. The same number tells pictures that are not for the model.

**What it guarantees.** It is about 1 for training data. It was fitted to training pictures alone and knows no attack.

**When to distrust it.** It measures what is unusual, not what is hostile: a rare disease, another device or a plaster
is far away too, and an attack that makes the features look like a healthy patient's is near. Only the features of the
last layer are looked at. An attacker who knows the detector descends on the distance as well.

**Reference.** Lee, Lee, Lee, Shin 2018, *A simple unified framework for detecting out-of-distribution samples and
adversarial attacks*, [arXiv:1807.03888](https://arxiv.org/abs/1807.03888). On attackers who know such detectors:
Carlini, Wagner 2017, [arXiv:1705.07263](https://arxiv.org/abs/1705.07263).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import Params
from defenses.detectors._reference import Reference
from defenses.detectors._registry import detector


@dataclass(frozen=True)
class MahalanobisParams(Params):
    """None: the distance belongs to the model."""


@detector(
    name="Mahalanobis distance",
    reference="arXiv:1807.03888",
    passes=lambda params, shape: 0,
    needs=("feature distance",),
)
def mahalanobis(
    model: Classifier, x: Tensor, reference: Reference | None, params: MahalanobisParams, rng: torch.Generator
) -> Tensor:
    """(N, C, h, w) in [0, 1] -> (N,) distances of the features; the pass that it takes is the network's alone."""
    assert model.distance is not None, "declared as needed"
    with model.lock:
        return model.distance(x)
