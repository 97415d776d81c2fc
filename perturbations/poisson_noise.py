r"""**What it is.** Light and X-rays arrive as single photons, and their number fluctuates: where n are expected, the
spread is $\sqrt n$. Each value is replaced by a count of photons, $x' = \mathrm{Poisson}(N x) / N$. The fewer photons N
make up white, the grainier the picture: 1000, 400, 150, 70 and 30 for severities 1 to 5. A clinical artifact: in the
survey's terms instrument noise at data collection (too little dose or light), no attacker.

**What it guarantees.** The same seed gives the same noise. The variance is the brightness divided by N, before values
above white are cut off; black stays black.

**When to distrust it.** The counts are those of a camera with a linear scale. In a radiograph white is where few X-rays
arrive, and the logarithm in its processing makes the noise there larger still; detectors also smooth it. The noise of
each color is its own, and its grain is one pixel of the picture that the model sees.

**Reference.** Hendrycks, Dietterich 2019, *Benchmarking neural network robustness to common corruptions and
perturbations* (there: shot noise), [arXiv:1903.12261](https://arxiv.org/abs/1903.12261).
"""

from __future__ import annotations

import numpy as np

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact

PHOTONS = (1000, 400, 150, 70, 30)  # that make up white


@artifact(name="Poisson noise", reference="arXiv:1903.12261")
def poisson_noise(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, counted in photons."""
    photons = params.pick(PHOTONS)
    return rng.poisson(photons * picture).astype(np.float32) / np.float32(photons)
