r"""**What it is.** The curve from signal to brightness is bent: $x' = x^\gamma$. Middle tones get darker with $\gamma$
= 1.2, 1.5, 1.9, 2.5 and 3.5 for severities 1 to 5, or lighter with $1 / \gamma$; black and white stay. It happens when
a monitor does not follow the curve of DICOM, or when the gamma of a file is applied twice or not at all (2.2). A
clinical artifact: in the survey's terms a shift between devices, no attacker.

**What it guarantees.** Black and white stay, and no pixel becomes darker than another that was darker before: nothing
is cut off. Unless lighter or darker is chosen, the seed decides which.

**When to distrust it.** Each color is bent by itself, as a monitor does, which also changes hue and saturation. Real
curves are not exact powers.

**Reference.** *DICOM PS3.14, Grayscale Standard Display Function*,
[PS3.14](https://dicom.nema.org/medical/dicom/current/output/html/part14.html).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.params import param
from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact

GAMMAS = (1.2, 1.5, 1.9, 2.5, 3.5)


@dataclass(frozen=True)
class GammaParams(ArtifactParams):
    """How far, and to which side."""

    direction: str = param("either", "Lighter, darker, or as chance has it.", choices=("either", "lighter", "darker"))


@artifact(name="Gamma", reference="PS3.14")
def gamma(picture: Floats, params: GammaParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, with bent middle tones."""
    power = {"darker": 1, "lighter": -1}.get(params.direction, rng.choice((-1, 1)))
    return picture ** np.float32(params.pick(GAMMAS) ** power)
