"""**What it is.** The tube of the dermatoscope cuts the corners off: the picture is bright within a circle, and black
outside. Its radius is 68, 62, 56, 51 and 46 % of the picture's side for severities 1 to 5; at 71 % it would touch the
corners. Inside, the light falls off a little towards the rim. A clinical artifact: in the survey's terms a shift
between devices, no attacker.

**What it guarantees.** The same seed gives the same middle of the circle; a higher severity makes it smaller. The
picture gets nowhere lighter.

**When to distrust it.** The black is even, while real tubes show a gray or colored rim. If the camera had zoomed out to
show the rim, the lesion would be smaller too.

**Reference.** Bissoto, Valle, Avila 2020, *Debiasing skin lesion datasets and models? Not so fast* (there: dark
corners), [arXiv:2004.11457](https://arxiv.org/abs/2004.11457).
"""

from __future__ import annotations

import numpy as np
from scipy import special

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact
from perturbations._drawing import places

RADII = (68, 62, 56, 51, 46)  # % of the side
EDGE = 0.008  # softness
FALL = 0.35  # of the light, towards the rim


@artifact(name="Dark corners", reference="arXiv:2004.11457", only="dermoscopy")
def vignette(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, with dark corners."""
    (x, y), (right, down), radius = places(picture), rng.normal(0, 0.015, 2), params.pick(RADII) / 100
    distance = np.hypot(x - right, y - down)
    light: Floats = (1 - FALL * (distance / radius).clip(0, 1) ** 6) * special.expit((radius - distance) / EDGE)
    return picture * light
