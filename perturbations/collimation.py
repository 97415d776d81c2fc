"""**What it is.** The lead leaves that confine the X-ray beam were set too narrow. Behind them only scattered radiation
arrives, and the picture gets white, with a soft edge since the source is not a point. They reach 1, 3, 6, 10 and 15 %
of the picture's side into it for severities 1 to 5, from up to all four sides and a little crooked. A clinical
artifact: in the survey's terms incomplete data at data collection, no attacker.

**What it guarantees.** The same seed gives the same sides and tilt; a higher severity goes further in. The picture gets
nowhere darker.

**When to distrust it.** Many devices find the edge and paint what is outside it black. Real leaves stay outside the
lungs if somebody looks.

**Reference.** Bushberg, Seibert, Leidholdt, Boone, *The essential physics of medical imaging*, Lippincott Williams &
Wilkins, chapter on radiography.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact
from perturbations._drawing import places

DEPTHS = (1, 3, 6, 10, 15)  # % of the side
PENUMBRA, SCATTER = 0.006, 0.1  # how far light and scattered radiation reach behind the edge
ATTENUATION = 0.85  # of the range from black to white


@artifact(name="Collimation edge", reference="The essential physics of medical imaging", only="cxr")
def collimation(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, cut off by the leaves."""
    x, y = places(picture)
    light = np.ones(picture.shape[1:], dtype=np.float32)
    reaches = np.array([1, *rng.uniform(-0.6, 1, 3)])
    for number, reach in zip(rng.permutation(4), reaches, strict=True):
        tilt, border = np.radians(90 * number + rng.uniform(-1.5, 1.5)), abs(x if number % 2 == 0 else y).max()
        behind = np.cos(tilt) * x + np.sin(tilt) * y - border + reach * params.pick(DEPTHS) / 100
        scattered = 0.25 * np.exp(-behind.clip(0) / SCATTER)
        if reach > 0:
            light *= 1 - (1 - scattered) * special.expit(behind / PENUMBRA)
    return picture + ATTENUATION * (1 - light)
