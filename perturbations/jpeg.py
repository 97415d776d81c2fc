"""**What it is.** The picture is stored as a JPEG file and read again: in blocks of 8 x 8 pixels fine detail is rounded
away, and in color pictures the color is kept at half the resolution. A clinical artifact: in the survey's terms a shift
between the data a model was trained on and the data it meets, no attacker.

**What it guarantees.** The same quality always gives the same picture; a gray picture stays gray.

**When to distrust it.** The picture is compressed at the size the model sees; an original compressed at full size and
then reduced looks better than this. DICOM often uses JPEG 2000 or lossless compression, which leave other traces.
Quality is the scale of the Independent JPEG Group; other software counts differently.

**Reference.** Wallace 1992, *The JPEG still picture compression standard*,
[doi:10.1109/30.125072](https://doi.org/10.1109/30.125072); as a corruption of model inputs: Hendrycks, Dietterich 2019,
[arXiv:1903.12261](https://arxiv.org/abs/1903.12261).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import Params, param
from core.values import Goal
from perturbations._registry import Threat, perturbation
from perturbations._survival import through_jpeg


@dataclass(frozen=True)
class JpegParams(Params):
    """Strength of the compression."""

    quality: int = param(30, "Quality: 95 is hardly visible, 10 shows blocks.", low=1, high=100, step=1)


@perturbation(name="JPEG compression", threat=Threat.ARTIFACT, reference="doi:10.1109/30.125072")
def jpeg(model: Classifier, x: Tensor, goal: Goal, params: JpegParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same, compressed, in [0, 1]; model, goal and rng play no part."""
    return torch.from_numpy(np.stack([through_jpeg(image, params.quality) for image in x.numpy()]))
