r"""**What it is.** A radiograph has thousands of gray levels, and a window says which are shown: those below its level
are black, those above white. Here it is too narrow, 85, 70, 55, 40 and 28 % of the right width for severities 1 to 5,
and its middle is 2, 5, 9, 13 and 18 % of that width too low or too high. A clinical artifact: in the survey's terms
insufficient training of staff, no attacker.

**What it guarantees.** Values inside the window are stretched evenly. The same seed gives the same side, too light or
too dark, at each severity.

**When to distrust it.** It windows the picture as displayed, which was windowed once before: what that cut off does not
come back, as it would at the workstation.

**Reference.** *DICOM PS3.3, C.11.2 VOI LUT Module*,
[PS3.3](https://dicom.nema.org/medical/dicom/current/output/html/part03.html#sect_C.11.2).
"""

from __future__ import annotations

import numpy as np

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact

WIDTHS = (85, 70, 55, 40, 28)  # % of the range from black to white
SHIFTS = (2, 5, 9, 13, 18)  # % of that range


@artifact(name="Window misuse", reference="PS3.3", only="cxr")
def window_misuse(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, through another window."""
    level = 0.5 + rng.choice((-1, 1)) * params.pick(SHIFTS) / 100
    return (picture - np.float32(level)) / np.float32(params.pick(WIDTHS) / 100) + np.float32(0.5)
