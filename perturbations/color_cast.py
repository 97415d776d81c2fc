"""**What it is.** The lamp or the white balance was wrong, and all colors have a tinge of the hue that chance gives: of
its opposite, 6, 12, 18, 26 and 36 % are lost for severities 1 to 5. A clinical artifact: in the survey's terms a shift
between devices and centers, no attacker.

**What it guarantees.** The same seed gives the same hue at each severity. Each color is multiplied by one number for
the whole picture, so dividing brings the picture back, but for rounding. The picture gets nowhere lighter.

**When to distrust it.** Real lamps also differ in ways that no three numbers hold, and cameras correct a part. A gray
picture can only get darker.

**Reference.** Barata, Celebi, Marques 2015, *Improving dermoscopy image classification using color constancy*,
[doi:10.1109/JBHI.2014.2336473](https://doi.org/10.1109/JBHI.2014.2336473).
"""

from __future__ import annotations

import colorsys

import numpy as np

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact
from perturbations._drawing import color

STRENGTHS = (6, 12, 18, 26, 36)  # % of the opposite color that is lost


@artifact(name="Color cast", reference="doi:10.1109/JBHI.2014.2336473", only="dermoscopy")
def color_cast(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, tinged."""
    return picture * color(picture, colorsys.hsv_to_rgb(rng.random(), params.pick(STRENGTHS) / 100, 1))
