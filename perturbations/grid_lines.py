"""**What it is.** In front of the detector stands a grid of lead strips against scattered radiation. When it does not
move or does not fit the detector, its strips show as fine regular stripes or, after the picture is reduced, as wider
ones (moiré). Their height is 2, 4, 7, 12 and 20 gray levels for severities 1 to 5. A clinical artifact: in the survey's
terms instrument noise at data collection, no attacker.

**What it guarantees.** The same seed gives the same direction, width and phase of the stripes. No pixel changes by more
than their height.

**When to distrust it.** Real moiré bends where the grid is not flat or its strips run towards a focus, and comes in
several widths at once. Detectors filter their own grid out.

**Reference.** Lin, Lee, Chen, et al. 2006, *A study of grid artifacts formation and elimination in computed
radiographic images*, [doi:10.1007/s10278-006-0630-8](https://doi.org/10.1007/s10278-006-0630-8).
"""

from __future__ import annotations

import numpy as np

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact
from perturbations._drawing import places

HEIGHTS = (2, 4, 7, 12, 20)  # gray levels of 255


@artifact(name="Grid lines", reference="doi:10.1007/s10278-006-0630-8", only="cxr")
def grid_lines(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, striped."""
    (x, y), stripes, phase = places(picture), rng.uniform(30, 60), rng.random()
    tilt = np.radians(rng.uniform(-4, 4) + rng.choice((0, 90)))
    waves: Floats = np.cos(2 * np.pi * (stripes * (np.cos(tilt) * x + np.sin(tilt) * y) + phase))
    return picture + params.pick(HEIGHTS) / 255 * waves
