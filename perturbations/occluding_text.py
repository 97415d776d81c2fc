"""**What it is.** Text is burned into the picture: numbers, names of views, times. 1, 2, 3, 5 and 8 lines for
severities 1 to 5, with letters 4, 4.5, 5, 5.5 and 6 % of the picture's side tall. A clinical artifact: in the survey's
terms a shift between centers and devices, no attacker; if one kind of text comes with one disease, models learn to read
it.

**What it guarantees.** The same seed gives the same lines at the same corner; a higher severity has more of them,
larger. Between the letters nothing changes. All numbers are invented.

**When to distrust it.** Real text has the typeface and the place of its device, and stays at the edge where it can. Try
several seeds: whether text covers the finding is chance.

**Reference.** Zech, Badgeley, Liu, Costa, Titano, Oermann 2018, *Variable generalization performance of a deep learning
model to detect pneumonia in chest radiographs*, [arXiv:1807.00431](https://arxiv.org/abs/1807.00431).
"""

from __future__ import annotations

import numpy as np

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact
from perturbations._drawing import Canvas, blur, color, over

LINES = (1, 2, 3, 5, 8)
HEIGHTS = (4, 4.5, 5, 5.5, 6)  # % of the side
CAPITAL = 0.7  # of the height of the font
MARGIN, RIM = 0.47, 0.004  # from the middle; the dark around each letter
SAYINGS = (
    *("ID {:06d}", "SERIES {:02d}", "IMAGE {:03d}", "{:02d}:{:02d}", "REF {:05d}", "ROOM {:d}", "COPY {:d}"),
    "NOT FOR FILE",
)


@artifact(name="Occluding text", reference="arXiv:1807.00431")
def occluding_text(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, written on."""
    across, down = rng.choice((-1, 1), 2)
    lines = [saying.format(*rng.integers(1, 24, 2)) for saying in rng.permutation(SAYINGS)]
    height = params.pick(HEIGHTS) / 100
    letters = Canvas(picture)
    for row, line in enumerate(lines[: params.pick(LINES)]):
        x, y = across * MARGIN, down * (MARGIN - (1.6 * row + 0.5) * height)
        letters.words(line, x, y, height / CAPITAL, "lm" if across < 0 else "rm")
    white = letters.mask()
    rimmed = picture * (1 - (3 * blur(white, RIM, picture)).clip(0, 1))
    return over(rimmed, color(picture, (1, 1, 1)), white)
