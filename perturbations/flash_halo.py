"""**What it is.** The flash is mirrored by cornea and iris, because the camera was too near, too far or off the pupil:
a bright crescent along the edge of the picture, which covers up to 25, 40, 55, 70 and 85 % of the retina there, 5, 6.5,
8, 10 and 12 % of the side wide for severities 1 to 5. A clinical artifact: in the survey's terms insufficient skill at
data collection, no attacker.

**What it guarantees.** The same seed gives the same crescent at each severity, brighter and wider at a higher one.
Around the eye the picture stays black.

**When to distrust it.** Real halos are blue, white or orange by camera, and may be a full ring or a spot in the middle.

**Reference.** Shen, Fu, Shen, Shao 2020, *Modeling and enhancing low-quality retinal fundus images* (there: light
transmission disturbance), [arXiv:2005.05594](https://arxiv.org/abs/2005.05594).
"""

from __future__ import annotations

import numpy as np

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact
from perturbations._drawing import color, eye, over, places

COVERS = (25, 40, 55, 70, 85)  # % of the retina, at the brightest place
WIDTHS = (5, 6.5, 8, 10, 12)  # % of the side
FLASH = (0.98, 0.93, 0.82)


@artifact(name="Flash halo", reference="arXiv:2005.05594", only="fundus")
def flash_halo(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, with a bright crescent at the edge."""
    (x, y), angle, reach = places(picture), rng.uniform(0, 2 * np.pi), rng.uniform(0.46, 0.52)
    right, down = rng.normal(0, 0.03, 2)
    distance = np.hypot(x - right, y - down)
    toward = (np.cos(angle) * x + np.sin(angle) * y) / np.maximum(np.hypot(x, y), 1e-6)
    crescent = np.exp(-(((distance - reach) / (params.pick(WIDTHS) / 100)) ** 2)) * (0.5 + 0.5 * toward) ** 2
    return over(picture, color(picture, FLASH), params.pick(COVERS) / 100 * eye(picture) * crescent)
