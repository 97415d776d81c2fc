"""**What it is.** A cataract or a dry cornea scatters light on its way: the retina looks as if through fog, with 15,
28, 42, 56 and 70 % of it veiled for severities 1 to 5, and blurred by 0.2, 0.4, 0.7, 1.1 and 1.6 % of the picture's
side. A clinical artifact: in the survey's terms environment noise at data collection, no attacker; for the patient, a
finding.

**What it guarantees.** The same seed gives the same denser and thinner parts at each severity. Around the eye the
picture stays black.

**When to distrust it.** The veil is a mean of the picture's own light, turned to white. A real cataract is yellow or
brown, may have spokes, and takes more of the blue.

**Reference.** Shen, Fu, Shen, Shao 2020, *Modeling and enhancing low-quality retinal fundus images*,
[arXiv:2005.05594](https://arxiv.org/abs/2005.05594).
"""

from __future__ import annotations

import numpy as np

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact
from perturbations._drawing import blur, clouds, eye, over

VEILS = (15, 28, 42, 56, 70)  # % of the picture
BLURS = (0.2, 0.4, 0.7, 1.1, 1.6)  # % of the side
WHITE = 0.25  # of the veil; the rest is the mean color of the retina


@artifact(name="Haze", reference="arXiv:2005.05594", only="fundus")
def haze(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, through fog."""
    inside = eye(picture)
    mean = (picture * inside).sum((1, 2)) / max(float(inside.sum()), 1)
    veil = (WHITE + (1 - WHITE) * mean)[:, None, None]
    thick = params.pick(VEILS) / 100 * (0.7 + 0.3 * clouds(picture, 4, rng))
    sigma = params.pick(BLURS) / 100
    blurred = blur(picture * inside, sigma, picture) / blur(inside, sigma, picture).clip(0.05)
    return over(picture, over(blurred, veil, thick), inside)
