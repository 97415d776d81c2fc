"""**What it is.** What should be white is shown black: a file says whether high values mean bright or dark
(MONOCHROME2, MONOCHROME1), and the reader did not look. Values from 85, 70, 55, 35 and 0 % of white on turn round for
severities 1 to 5: all of them only at 5, at the others the bright ones, as on a film that got far too much light
(solarization). A clinical artifact: in the survey's terms a shift between devices, no attacker.

**What it guarantees.** The same severity always gives the same picture. At severity 5 each value x becomes 1 - x, and
doing it twice brings the picture back. Chance plays no part.

**When to distrust it.** A wrong polarity is all or nothing. The lower severities are steps towards it, seen on films
and in wrong lookup tables, hardly on a detector of today.

**Reference.** *DICOM PS3.3, C.7.6.3.1.2 Photometric Interpretation*,
[PS3.3](https://dicom.nema.org/medical/dicom/current/output/html/part03.html#sect_C.7.6.3.1.2).
"""

from __future__ import annotations

import numpy as np

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact

TURNED_FROM = (85, 70, 55, 35, 0)  # % of white


@artifact(name="Inverted polarity", reference="PS3.3", only="cxr")
def inverted_polarity(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, from some brightness on turned round; rng plays no part."""
    return np.where(picture >= params.pick(TURNED_FROM) / 100, 1 - picture, picture)
