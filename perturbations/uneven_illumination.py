"""**What it is.** The light of the camera does not pass the pupil evenly: one side of the retina is lit, the other is
in the dark, with 20, 35, 50, 65 and 82 % of the light lost at the worst place for severities 1 to 5. The pupil was
small or the camera off its axis. A clinical artifact: in the survey's terms insufficient skill or incomplete data at
data collection, no attacker.

**What it guarantees.** The same seed gives the same dark side. The picture gets nowhere lighter, and detail is only
darker, not lost, but for rounding.

**When to distrust it.** Cameras make up for some of it by more light, and dark parts get noisy. Neither is done here.

**Reference.** Shen, Fu, Shen, Shao 2020, *Modeling and enhancing low-quality retinal fundus images*,
[arXiv:2005.05594](https://arxiv.org/abs/2005.05594).
"""

from __future__ import annotations

import numpy as np
from scipy import special

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact
from perturbations._drawing import clouds, places

LOSSES = (20, 35, 50, 65, 82)  # % of the light, at the worst place


@artifact(name="Uneven illumination", reference="arXiv:2005.05594", only="fundus")
def uneven_illumination(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, unevenly lit."""
    (x, y), angle, bent = places(picture), rng.uniform(0, 2 * np.pi), clouds(picture, 3, rng) - 0.5
    dark: Floats = special.expit(8 * (np.cos(angle) * x + np.sin(angle) * y - 0.05 + 0.15 * bent))
    return picture * (1 - params.pick(LOSSES) / 100 * dark)
