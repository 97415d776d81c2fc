"""**What it is.** The picture is seen in a mirror: the film was laid the wrong way round, the orientation in the file
was wrong or ignored, or the photograph is that of the other eye. A clinical artifact: in the survey's terms a shift
between devices and staff, no attacker. A flip either happened or did not, so it has no severities.

**What it guarantees.** Every value stays, at the mirrored place; a second flip brings the picture back. Chance plays no
part.

**When to distrust it.** In a chest picture flipped left to right the heart points the wrong way, which also occurs in
life (situs inversus). Skin has no left and right, and a model of skin that minds a flip has learned something else.

**Reference.** *DICOM PS3.3, C.7.6.1.1.1 Patient Orientation*,
[PS3.3](https://dicom.nema.org/medical/dicom/current/output/html/part03.html#sect_C.7.6.1.1.1).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import Params, param
from core.values import Goal
from perturbations._registry import Threat, perturbation


@dataclass(frozen=True)
class FlipParams(Params):
    """Which way."""

    axis: str = param("left to right", "What changes places.", choices=("left to right", "top to bottom"))


@perturbation(name="Flip", threat=Threat.ARTIFACT, reference="PS3.3")
def flip(model: Classifier, x: Tensor, goal: Goal, params: FlipParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same, mirrored; model, goal and rng play no part."""
    return x.flip(3 if params.axis == "left to right" else 2)
