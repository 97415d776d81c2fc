"""**What it is.** Leads of a monitor, lines or tubes lie over the chest: 1, 2, 3, 4 and 6 of them for severities 1 to
5, thin and bright, those of a monitor with an electrode at the end. Metal takes 35, 45, 55, 65 and 75 % of what is left
to white. The sick have more of them, so models take them for sickness. A clinical artifact: in the survey's terms bias
at data collection, no attacker.

**What it guarantees.** The same seed gives the same cables; a higher severity adds further ones and makes all denser.
The picture gets nowhere darker.

**When to distrust it.** They lie at random: real leads go to their electrodes, and a tube or a catheter has a place in
the body that a clinician would check. Try several seeds.

**Reference.** Oakden-Rayner, Dunnmon, Carneiro, Ré 2020, *Hidden stratification causes clinically meaningful failures
in machine learning for medical imaging* (there: chest drains), [arXiv:1909.12475](https://arxiv.org/abs/1909.12475).
"""

from __future__ import annotations

import numpy as np

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact
from perturbations._drawing import Canvas, curve

COUNTS = (1, 2, 3, 4, 6)
DENSITIES = (35, 45, 55, 65, 75)  # % of the way to white
ROUND = ((1.0, 0.6), (0.65, 0.85), (0.3, 1.0))  # width and density of a round wire, from its rim to its middle


@artifact(name="Cables and leads", reference="arXiv:1909.12475", only="cxr")
def cable(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, with cables over it."""
    density = np.zeros(picture.shape[1:], dtype=np.float32)
    for number in range(max(COUNTS)):
        edge, across = rng.integers(3), rng.uniform(-0.45, 0.45)
        start = ((-0.55, across), (0.55, across), (across, 0.55))[edge]
        end, bend = rng.uniform(-0.3, 0.3, 2), rng.uniform(-0.35, 0.35, 2)
        width, electrode = rng.uniform(0.006, 0.011), rng.random() < 0.6
        if number < params.pick(COUNTS):
            wire, path = Canvas(picture), curve(start, bend, end, 64)
            if electrode:
                wire.disc(end, 0.022, 0.35)
                wire.disc(end, 0.011, 1.0)
            for share, value in ROUND:
                wire.stroke(path, share * width, value)
            density = 1 - (1 - density) * (1 - params.pick(DENSITIES) / 100 * wire.mask())
    return picture + density * (1 - picture)
