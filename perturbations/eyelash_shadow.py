"""**What it is.** The upper lid was not held open: lashes hang into the light, and lie as dark, blurred streaks over
the lower or upper edge of the retina, whichever way the camera turns the picture. They reach 12, 18, 25, 33 and 42 % of
the picture's side into it for severities 1 to 5, and take 35, 45, 55, 65 and 75 % of the light. A clinical artifact: in
the survey's terms insufficient skill at data collection, no attacker.

**What it guarantees.** The same seed gives the same lashes at each severity, longer and darker at a higher one. The
picture gets nowhere lighter.

**When to distrust it.** Real lashes also scatter light and leave a bright veil beside the dark streaks, and the lid
often covers the edge as a whole.

**Reference.** Fu, Wang, Shen, Cui, Xu, Liu, Shao 2019, *Evaluation of retinal image quality assessment networks in
different color-spaces*, [arXiv:1907.05345](https://arxiv.org/abs/1907.05345).
"""

from __future__ import annotations

import numpy as np

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact
from perturbations._drawing import Canvas, blur, curve

REACHES = (12, 18, 25, 33, 42)  # % of the side
SHADOWS = (35, 45, 55, 65, 75)  # % of the light
LASHES = 14


@artifact(name="Eyelash shadow", reference="arXiv:1907.05345", only="fundus")
def eyelash_shadow(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, with lashes in the light."""
    lashes, edge, lid = Canvas(picture), rng.choice((-1, 1)), rng.uniform(-0.15, 0.15)
    for root in np.linspace(-0.42, 0.42, LASHES):
        length = params.pick(REACHES) / 100 * rng.uniform(0.6, 1)
        start = np.array([lid + root + rng.normal(0, 0.015), 0.52])
        bend = start + length * np.array([0.35 * root + rng.normal(0, 0.06), -0.7])
        tip = start + length * np.array([1.1 * root + rng.normal(0, 0.15), -1])
        path = curve(start, bend, tip) * (1, edge)
        lashes.stroke(path, rng.uniform(0.014, 0.026) * np.linspace(1, 0.15, len(path)), rng.uniform(0.6, 1))
    return picture * (1 - params.pick(SHADOWS) / 100 * blur(lashes.mask(), 0.009, picture))
