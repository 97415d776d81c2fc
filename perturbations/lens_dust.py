"""**What it is.** Dust and drops on the front lens lie far out of focus: round gray spots with soft edges, 3, 6, 11, 18
and 30 of them for severities 1 to 5, which cover 25, 32, 40, 48 and 58 % of the retina behind them. They stay at their
place from patient to patient, and can pass for drusen or cotton wool. A clinical artifact: in the survey's terms
instrument noise at data collection, no attacker.

**What it guarantees.** The same seed gives the same spots; a higher severity adds further ones and makes all denser.
Around the eye the picture stays black.

**When to distrust it.** All are of one gray, and none is a fiber. On real lenses scattered light also veils the rest.

**Reference.** Shen, Fu, Shen, Shao 2020, *Modeling and enhancing low-quality retinal fundus images* (there: retinal
artifacts), [arXiv:2005.05594](https://arxiv.org/abs/2005.05594).
"""

from __future__ import annotations

import numpy as np

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact
from perturbations._drawing import Canvas, blur, color, eye, over

COUNTS = (3, 6, 11, 18, 30)
COVERS = (25, 32, 40, 48, 58)  # %
DUST = (0.84, 0.66, 0.54)


@artifact(name="Lens dust", reference="arXiv:2005.05594", only="fundus")
def lens_dust(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, seen through a dusty lens."""
    dust = Canvas(picture)
    for number in range(max(COUNTS)):
        middle, radius = rng.uniform(-0.45, 0.45, 2), 0.01 + 0.04 * rng.beta(1, 2.5)
        density = rng.uniform(0.5, 1)
        if number < params.pick(COUNTS):
            dust.disc(middle, radius, density)
    cover = params.pick(COVERS) / 100 * blur(dust.mask(), 0.008, picture) * eye(picture)
    return over(picture, color(picture, DUST), cover)
