"""**What it is.** A paper ruler lies at one edge of the picture, a little crooked, and reaches 4, 7, 11, 15 and 20 % of
the side into it for severities 1 to 5. Doctors measure what worries them, so models have learned that a ruler means
melanoma. A clinical artifact: in the survey's terms bias at data collection, no attacker.

**What it guarantees.** The same seed gives the same edge, tilt and scale at each severity. Beyond the ruler and its
shadow nothing changes.

**When to distrust it.** Scale and picture do not fit: the marks are as far apart as the seed has it, whatever the size
of a pixel in the case. Many rulers are engraved in glass and show marks only.

**Reference.** Bissoto, Valle, Avila 2020, *Debiasing skin lesion datasets and models? Not so fast*,
[arXiv:2004.11457](https://arxiv.org/abs/2004.11457).
"""

from __future__ import annotations

import numpy as np

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact
from perturbations._drawing import color, over, places, side

DEPTHS = (4, 7, 11, 15, 20)  # % of the side
PAPER, PRINT = (0.9, 0.9, 0.86), (0.1, 0.1, 0.12)
MARKS = {1: 0.025, 5: 0.04, 10: 0.055}  # every so many millimeters, so long
LINE, SHADOW = 0.005, 0.006  # width of a mark; how far the shadow reaches


@artifact(name="Ruler", reference="arXiv:2004.11457", only="dermoscopy")
def ruler(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, with a ruler at an edge."""
    (x, y), pixels, number = places(picture), side(picture), rng.integers(4)
    millimeter, phase, tilt = rng.uniform(0.04, 0.07), rng.uniform(-0.4, 0.4), np.radians(rng.uniform(-4, 4))
    inward = np.radians(90 * number) + tilt
    depth = params.pick(DEPTHS) / 100
    border = abs(x if number % 2 == 0 else y).max()
    behind = np.cos(inward) * x + np.sin(inward) * y - border + depth
    along = (np.cos(inward) * y - np.sin(inward) * x - phase) / millimeter
    paper = (behind * pixels + 0.5).clip(0, 1)
    marks = np.zeros_like(paper)
    for step, length in MARKS.items():
        off = abs(along / step - np.rint(along / step)) * step * millimeter
        mark = ((LINE / 2 - off) * pixels + 0.5).clip(0, 1) * ((length - behind) * pixels).clip(0, 1)
        marks = np.maximum(marks, mark)
    shadowed = picture * (1 - 0.35 * np.exp(behind.clip(max=0) / SHADOW))
    return over(shadowed, over(color(picture, PAPER), color(picture, PRINT), marks), paper)
