"""**What it is.** Patient, eye or hand-held camera moved in a straight line at even speed during the exposure: each
point is smeared evenly along that line. Its length is 1, 2, 3.5, 5 and 7 % of the picture's side for severities 1 to 5;
chance gives its direction. A clinical artifact: in the survey's terms environment noise at data collection, no
attacker.

**What it guarantees.** The same seed gives the same direction at each severity. Brightness is moved, not added: an even
area stays as it is, and no pixel gets darker or brighter than its surroundings were.

**When to distrust it.** Real motion is curved, uneven, and different for heart, ribs and skin. At the border the
picture is continued with its outermost pixels.

**Reference.** Hendrycks, Dietterich 2019, *Benchmarking neural network robustness to common corruptions and
perturbations*, [arXiv:1903.12261](https://arxiv.org/abs/1903.12261).
"""

from __future__ import annotations

import numpy as np

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact
from perturbations._drawing import convolve, side, spread

LENGTHS = (1, 2, 3.5, 5, 7)  # % of the side
MOMENTS = 4096


@artifact(name="Motion blur", reference="arXiv:1903.12261")
def motion_blur(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, smeared."""
    angle = rng.uniform(0, np.pi)
    way = params.pick(LENGTHS) / 100 * side(picture) * ((np.arange(MOMENTS) + 0.5) / MOMENTS - 0.5)
    return convolve(picture, spread(way * np.sin(angle), way * np.cos(angle)))
