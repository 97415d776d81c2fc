"""**What it is.** The lamp is mirrored by oily skin or by gel, where no polarizing filter takes the reflex away: white
patches over 0.2, 0.6, 1.2, 2.2 and 4 % of the picture for severities 1 to 5, with a glow around them. Nothing can be
seen in them. A clinical artifact: in the survey's terms environment noise at data collection, no attacker.

**What it guarantees.** The same seed gives patches at the same places; a higher severity makes them larger and adds
further ones. The picture gets nowhere darker.

**When to distrust it.** Real reflexes follow the furrows and hills of this skin, and show the form of the lamps, often
a ring of small ones.

**Reference.** Shafer 1985, *Using color to separate reflection components*,
[doi:10.1002/col.5080100409](https://doi.org/10.1002/col.5080100409).
"""

from __future__ import annotations

import numpy as np

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact
from perturbations._drawing import blur, clouds, color, over, places

AREAS = (0.2, 0.6, 1.2, 2.2, 4)  # % of the picture
SOFT = 0.05  # width of the edges of a patch


@artifact(name="Specular glare", reference="doi:10.1002/col.5080100409", only="dermoscopy")
def glare(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, with white reflexes."""
    (x, y), (right, down) = places(picture), rng.uniform(-0.3, 0.3, 2)
    lit = np.exp(-((x - right) ** 2 + (y - down) ** 2) / 0.25)
    skin = lit * (0.4 + 0.25 * clouds(picture, 8, rng) + 0.35 * clouds(picture, 48, rng))
    edge = np.quantile(skin, 1 - params.pick(AREAS) / 100)
    patches = ((skin - edge) / SOFT + 0.5).clip(0, 1)
    glow = blur(patches, 0.02, picture)
    return over(picture, color(picture, (1, 1, 1)), np.maximum(patches, 0.5 * glow))
