"""**What it is.** The eye looked beside the target, or the camera was not centered on the pupil: disc and macula are
off their place by 4, 7, 11, 15 and 20 % of the picture's side for severities 1 to 5, and where no light got in, a
crescent is dark. A clinical artifact: in the survey's terms insufficient skill or incomplete data at data collection,
no attacker.

**What it guarantees.** The same seed gives the same direction at each severity. The frame of the camera stays where it
is.

**When to distrust it.** The retina beyond the edge is not known. If the eye looked aside but the pupil was centered, a
real picture would show it instead of the dark crescent.

**Reference.** Fu, Wang, Shen, Cui, Xu, Liu, Shao 2019, *Evaluation of retinal image quality assessment networks in
different color-spaces*, [arXiv:1907.05345](https://arxiv.org/abs/1907.05345).
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact
from perturbations._drawing import blur, eye, side

SHIFTS = (4, 7, 11, 15, 20)  # % of the side
DUSK = 0.05  # width of the edge of the crescent


@artifact(name="Off-center disc", reference="arXiv:1907.05345", only="fundus")
def off_center(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, with the retina off its place."""
    angle, shift = rng.uniform(0, 2 * np.pi), params.pick(SHIFTS) / 100 * side(picture)
    offset, frame = (shift * np.sin(angle), shift * np.cos(angle)), eye(picture)
    lit = (2 * blur(ndimage.shift(frame, offset, order=1), DUSK, picture) - 1).clip(0, 1)
    shifted: Floats = ndimage.shift(picture, (0, *offset), order=1) * lit * frame
    return shifted
