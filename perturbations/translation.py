"""**What it is.** The picture was not centered: everything is shifted by 2, 4, 7, 11 and 17 % of the picture's side for
severities 1 to 5, in the direction that chance gives. A clinical artifact: in the survey's terms a shift between staff
and centers, no attacker.

**What it guarantees.** The same seed gives the same direction at each severity. Shapes, sizes and brightness stay.

**When to distrust it.** What lay outside the picture is not known, so the mirrored picture fills the gap, or black if
the picture has black corners. Interpolation between pixels also blurs a little.

**Reference.** Engstrom, Tran, Tsipras, Schmidt, Madry 2019, *Exploring the landscape of spatial robustness*,
[arXiv:1712.02779](https://arxiv.org/abs/1712.02779).
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact
from perturbations._drawing import beyond, side

SHIFTS = (2, 4, 7, 11, 17)  # % of the side


@artifact(name="Translation", reference="arXiv:1712.02779")
def translation(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, shifted."""
    angle, shift = rng.uniform(0, 2 * np.pi), params.pick(SHIFTS) / 100 * side(picture)
    offset = (0, shift * np.sin(angle), shift * np.cos(angle))
    shifted: Floats = ndimage.shift(picture, offset, order=1, mode=beyond(picture))
    return shifted
