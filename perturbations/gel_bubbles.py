"""**What it is.** Air is trapped in the gel or oil between skin and dermatoscope: 4, 9, 18, 32 and 55 bubbles for
severities 1 to 5. Each bends the light at its rim, which gets dark on one side and bright on the other, with a small
reflex. A clinical artifact: in the survey's terms environment noise at data collection, no attacker.

**What it guarantees.** The same seed gives the same bubbles; a higher severity adds further ones. Between the bubbles
nothing changes.

**When to distrust it.** Bubbles are round and apart; real ones merge and are pressed flat. What lies under a bubble is
only tinted, not distorted.

**Reference.** Bissoto, Valle, Avila 2020, *Debiasing skin lesion datasets and models? Not so fast*,
[arXiv:2004.11457](https://arxiv.org/abs/2004.11457).
"""

from __future__ import annotations

import numpy as np

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact
from perturbations._drawing import places

COUNTS = (4, 9, 18, 32, 55)


@artifact(name="Gel bubbles", reference="arXiv:2004.11457", only="dermoscopy")
def gel_bubbles(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, with bubbles over it."""
    wet, lamp = picture.copy(), rng.uniform(0, 2 * np.pi)
    x, y = places(picture)
    for number in range(max(COUNTS)):
        right, down, radius = *rng.uniform(-0.5, 0.5, 2), 0.007 + 0.05 * rng.beta(1, 4)
        if number < params.pick(COUNTS):
            columns, rows = (np.flatnonzero(abs(at) < 1.3 * radius) for at in (x[0] - right, y[:, 0] - down))
            if not len(rows) or not len(columns):
                continue
            here = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            across, along = (x[:, here[1]] - right) / radius, (y[here[0]] - down) / radius
            lit = np.cos(lamp) * across + np.sin(lamp) * along
            rim = np.exp(-(((np.hypot(across, along) - 0.9) / 0.14) ** 2))
            reflex = np.exp(-((across - 0.5 * np.cos(lamp)) ** 2 + (along - 0.5 * np.sin(lamp)) ** 2) / 0.03)
            wet[:, *here] += rim * (0.22 * lit - 0.1) + 0.5 * reflex
    return wet
