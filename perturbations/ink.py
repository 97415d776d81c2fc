"""**What it is.** Before a biopsy the lesion is marked with a surgical pen: violet dashes around it, 15, 30, 50, 75 and
100 % of a ring for severities 1 to 5, which take 45, 55, 65, 75 and 85 % of the light. Only what worries a doctor gets
marked, and a certified product has been shown to take the ink for melanoma. A clinical artifact: in the survey's terms
bias at data collection, no attacker.

**What it guarantees.** The same seed gives the same ring; a higher severity has more of it, darker. Between the dashes
nothing changes.

**When to distrust it.** The ring lies about the middle of the picture, wherever the lesion is. Real ink runs along the
furrows of the skin and shines where it is thick.

**Reference.** Winkler, Fink, Toberer, et al. 2019, *Association between surgical skin markings in dermoscopic images
and diagnostic performance of a deep learning convolutional neural network for melanoma recognition*,
[doi:10.1001/jamadermatol.2019.1735](https://doi.org/10.1001/jamadermatol.2019.1735).
"""

from __future__ import annotations

import numpy as np

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact
from perturbations._drawing import Canvas, blur, clouds, color

SHARES = (15, 30, 50, 75, 100)  # % of the ring
STRENGTHS = (45, 55, 65, 75, 85)  # % of the light that the ink takes
VIOLET = (0.28, 0.12, 0.5)  # of the light that passes, where the ink is thick
DASHES = 20


@artifact(name="Ink marks", reference="doi:10.1001/jamadermatol.2019.1735", only="dermoscopy")
def ink(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, with a ring of ink."""
    pen, middle, radius = Canvas(picture), rng.normal(0, 0.02, 2), rng.uniform(0.3, 0.38)
    first, wobble, oval = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.012, DASHES), rng.uniform(0.85, 1.1)
    widths, lengths = rng.uniform(0.011, 0.019, DASHES), rng.uniform(0.55, 0.85, DASHES)
    for dash in range(DASHES * params.pick(SHARES) // 100):
        angle = first + 2 * np.pi / DASHES * (dash + np.linspace(0, lengths[dash], 12))
        reach = radius + wobble[dash] * np.linspace(-1, 1, 12)
        path = middle + np.stack([reach * np.cos(angle), oval * reach * np.sin(angle)], axis=1)
        pen.stroke(path, widths[dash] * np.sin(np.linspace(0.3, 2.84, 12)) ** 0.4)
    patchy = 0.7 + 0.3 * clouds(picture, 60, rng)
    cover = params.pick(STRENGTHS) / 85 * patchy * blur(pen.mask(), 0.003, picture)
    return picture * (1 - cover * (1 - color(picture, VIOLET)))
