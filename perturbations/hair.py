"""**What it is.** Hair that was not shaved lies over the lesion: 4, 8, 16, 30 and 55 hairs for severities 1 to 5, 0.5,
0.6, 0.7, 0.85 and 1 % of the picture's side thick at the root. Most come from one direction, and all taper. A clinical
artifact: in the survey's terms instrument and environment noise at data collection, no attacker.

**What it guarantees.** The same seed gives the same hairs; a higher severity adds further ones and makes all thicker.
Between the hairs nothing changes.

**When to distrust it.** All are of one dark brown without shine or shadow, and none is fair. Under the plate of a
dermatoscope real hairs are pressed into curls and bundles.

**Reference.** Lee, Ng, Gallagher, Coldman, McLean 1997, *DullRazor: a software approach to hair removal from images*,
[doi:10.1016/S0010-4825(97)00020-6](https://doi.org/10.1016/S0010-4825(97)00020-6). As something models learn from:
Bissoto, Valle, Avila 2020, *Debiasing skin lesion datasets and models? Not so fast*,
[arXiv:2004.11457](https://arxiv.org/abs/2004.11457).
"""

from __future__ import annotations

import numpy as np

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact
from perturbations._drawing import Canvas, blur, color, curve, over

COUNTS = (4, 8, 16, 30, 55)
WIDTHS = (0.5, 0.6, 0.7, 0.85, 1)  # % of the side, at the root
BROWN = (0.13, 0.08, 0.06)


@artifact(name="Hair", reference="arXiv:2004.11457", only="dermoscopy")
def hair(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, with hairs over it."""
    hairs, lie = Canvas(picture), rng.uniform(0, 2 * np.pi)
    for number in range(max(COUNTS)):
        root, length = rng.uniform(-0.6, 0.6, 2), rng.uniform(0.25, 0.9)
        way, turn = lie + rng.normal(0, 0.45), rng.normal(0, 0.7)
        thickness, darkness = rng.uniform(0.5, 1), rng.uniform(0.65, 0.95)
        if number < params.pick(COUNTS):
            bend = root + length / 2 * np.array([np.cos(way), np.sin(way)])
            tip = bend + length / 2 * np.array([np.cos(way + turn), np.sin(way + turn)])
            path = curve(root, bend, tip)
            hairs.stroke(path, params.pick(WIDTHS) / 100 * thickness * np.linspace(1, 0.25, len(path)), darkness)
    return over(picture, color(picture, BROWN), blur(hairs.mask(), 0.0007, picture))
