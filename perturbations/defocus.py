"""**What it is.** The lens is not focused on the eye or the skin, and each point becomes an evenly bright disc, the
image of the aperture. Its radius is 0.3, 0.6, 1, 1.6 and 2.5 % of the picture's side for severities 1 to 5. In a
radiograph, a large focal spot does the same to what lies far from the detector. A clinical artifact: in the survey's
terms instrument noise at data collection, no attacker.

**What it guarantees.** The same severity always gives the same picture. Brightness is spread, not added: an even area
stays as it is. Chance plays no part.

**When to distrust it.** Everything is equally out of focus; real skin is uneven, the retina is curved, and in a
radiograph ribs in front and behind blur differently. Optics also scatter light between the discs. At the border the
picture is continued with its outermost pixels.

**Reference.** Hendrycks, Dietterich 2019, *Benchmarking neural network robustness to common corruptions and
perturbations*, [arXiv:1903.12261](https://arxiv.org/abs/1903.12261).
"""

from __future__ import annotations

import numpy as np

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact
from perturbations._drawing import convolve, side, spread

RADII = (0.3, 0.6, 1, 1.6, 2.5)  # % of the side
RAYS = 4096
GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))


@artifact(name="Defocus", reference="arXiv:1903.12261")
def defocus(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, out of focus; rng plays no part."""
    ray = np.arange(RAYS)
    radius = params.pick(RADII) / 100 * side(picture) * np.sqrt((ray + 0.5) / RAYS)
    return convolve(picture, spread(radius * np.sin(ray * GOLDEN_ANGLE), radius * np.cos(ray * GOLDEN_ANGLE)))
