r"""**What it is.** All values move towards mid-gray or away from it: $x' = \tfrac12 + c\,(x - \tfrac12)$. The picture
gets flatter with c = 0.85, 0.72, 0.6, 0.48 and 0.36 for severities 1 to 5, or harder with 1 / c. Scattered radiation, a
wrong tube voltage, stray light in the camera and a bad monitor flatten; sharpening and wrong processing harden. A
clinical artifact: in the survey's terms a shift between centers, devices and staff, no attacker.

**What it guarantees.** Mid-gray stays, and no pixel becomes darker than another that was darker before. Unless flatter
or harder is chosen, the seed decides which. A flattened picture has lost nothing but what rounding to 8 bits takes.

**When to distrust it.** Scatter lifts thick and thin parts differently, and processing is local. Here one straight line
serves the whole picture, and what goes beyond black and white is cut off.

**Reference.** Hendrycks, Dietterich 2019, *Benchmarking neural network robustness to common corruptions and
perturbations*, [arXiv:1903.12261](https://arxiv.org/abs/1903.12261).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.params import param
from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact

FACTORS = (0.85, 0.72, 0.6, 0.48, 0.36)


@dataclass(frozen=True)
class ContrastParams(ArtifactParams):
    """How far, and to which side."""

    direction: str = param("either", "Flatter, harder, or as chance has it.", choices=("either", "flatter", "harder"))


@artifact(name="Contrast", reference="arXiv:1903.12261")
def contrast(picture: Floats, params: ContrastParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, flatter or harder."""
    power = {"flatter": 1, "harder": -1}.get(params.direction, rng.choice((-1, 1)))
    return 0.5 + np.float32(params.pick(FACTORS) ** power) * (picture - 0.5)
