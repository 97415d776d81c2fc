"""**What it is.** Random noise with a bell-shaped distribution is added to every value of every pixel, as from the
electronics of a detector or camera. Its standard deviation is 4, 8, 15, 25 and 40 gray levels for severities 1 to 5. A
clinical artifact: in the survey's terms instrument noise at data collection, no attacker.

**What it guarantees.** The picture stays within black and white. The same seed gives the same noise, at a higher
severity the same but larger. No largest change is promised: a few pixels move by three or four times the standard
deviation.

**When to distrust it.** It is the same everywhere and unrelated between neighbors. Real noise of few photons is
stronger where the detector got less light or radiation, is smoothed by later processing, and is not cut off at black.

**Reference.** Hendrycks, Dietterich 2019, *Benchmarking neural network robustness to common corruptions and
perturbations*, [arXiv:1903.12261](https://arxiv.org/abs/1903.12261).
"""

from __future__ import annotations

import numpy as np

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact

SIGMAS = (4, 8, 15, 25, 40)  # gray levels of 255


@artifact(name="Gaussian noise", reference="arXiv:1903.12261")
def gaussian_noise(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, noisy."""
    return picture + params.pick(SIGMAS) / 255 * rng.standard_normal(picture.shape, dtype=np.float32)
