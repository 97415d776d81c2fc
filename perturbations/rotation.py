"""**What it is.** Patient, detector or camera stood at an angle: the picture is turned about its middle by 3, 6, 10, 15
and 25 degrees for severities 1 to 5, to the side that chance gives. A clinical artifact: in the survey's terms a shift
between staff and centers, no attacker.

**What it guarantees.** The same seed gives the same side at each severity. Shapes and sizes stay.

**When to distrust it.** What lay outside the picture is not known, so the corners are filled with the mirrored picture,
or with black if the picture has black corners. Interpolation between pixels also blurs a little. A patient who is
turned about the long axis of the body looks different, and no picture shows how.

**Reference.** Engstrom, Tran, Tsipras, Schmidt, Madry 2019, *Exploring the landscape of spatial robustness*,
[arXiv:1712.02779](https://arxiv.org/abs/1712.02779).
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact
from perturbations._drawing import beyond

ANGLES = (3, 6, 10, 15, 25)  # degrees


@artifact(name="Rotation", reference="arXiv:1712.02779")
def rotation(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, turned."""
    angle = params.pick(ANGLES) * rng.choice((-1, 1))
    turned: Floats = ndimage.rotate(picture, angle, axes=(2, 1), reshape=False, order=1, mode=beyond(picture))
    return turned
