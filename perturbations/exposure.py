"""**What it is.** The picture as displayed gets lighter or darker: 10, 20, 35, 55 and 85 gray levels are added or taken
away for severities 1 to 5, cut off at black and white. On a radiograph, whose gray levels follow the logarithm of the
dose, this is too little or too much radiation; or a shifted window. A clinical artifact: in the survey's terms a shift
between centers, devices and staff, no attacker.

**What it guarantees.** No pixel becomes darker than another that was darker before. Unless lighter or darker is chosen,
the seed decides which.

**When to distrust it.** It works on the displayed picture: detail that was already cut off does not come back, and a
film exposed with less radiation would also be noisier. Detectors with automatic processing hide wrong exposure instead
of showing it. A camera's wrong exposure multiplies light instead, which *Gamma* and *Contrast* come nearer to.

**Reference.** Hendrycks, Dietterich 2019, *Benchmarking neural network robustness to common corruptions and
perturbations*, [arXiv:1903.12261](https://arxiv.org/abs/1903.12261).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.params import param
from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact

LEVELS = (10, 20, 35, 55, 85)  # of 255


@dataclass(frozen=True)
class ExposureParams(ArtifactParams):
    """How far, and to which side."""

    direction: str = param("either", "Lighter, darker, or as chance has it.", choices=("either", "lighter", "darker"))


@artifact(name="Exposure", reference="arXiv:1903.12261")
def exposure(picture: Floats, params: ExposureParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, lighter or darker."""
    sign = {"lighter": 1, "darker": -1}.get(params.direction, rng.choice((-1, 1)))
    return picture + np.float32(sign * params.pick(LEVELS) / 255)
