"""**What it is.** A lead letter lay on the detector: R at the patient's right, L at the left, in an upper corner, with
the view or the position below it. The letter is 3, 4.5, 6.5, 9 and 12 % of the picture's side tall for severities 1 to
5. It should be there, but looks different at each hospital, and models learn the hospital from it. A clinical artifact:
in the survey's terms bias at data collection, no attacker.

**What it guarantees.** The same seed gives the same letter and words at the same corner. Elsewhere nothing changes.

**When to distrust it.** Real markers come in many shapes, often with initials, and lie crooked or upside down. In a
picture that has a marker already this is a second one.

**Reference.** Zech, Badgeley, Liu, Costa, Titano, Oermann 2018, *Variable generalization performance of a deep learning
model to detect pneumonia in chest radiographs*, [arXiv:1807.00431](https://arxiv.org/abs/1807.00431).
"""

from __future__ import annotations

import numpy as np

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact
from perturbations._drawing import Canvas, blur, color, over

HEIGHTS = (3, 4.5, 6.5, 9, 12)  # % of the side
CAPITAL = 0.7  # of the height of the font
WORDS = ("PA", "AP", "SUPINE", "ERECT", "PORTABLE", "SEMI-ERECT")
LEAD = 0.96  # how much of white shows behind it


@artifact(name="Side marker", reference="arXiv:1807.00431", only="cxr")
def side_marker(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, with a marker."""
    letter, across = (("R", -1), ("L", 1))[rng.integers(2)]
    word, (x, y) = rng.choice(WORDS), rng.uniform(0.42, 0.46, 2)
    height = params.pick(HEIGHTS) / 100
    lead = Canvas(picture)
    anchor = "l" if across < 0 else "r"
    lead.words(letter, across * x, -y, height / CAPITAL, f"{anchor}t", bold=0.06 * height)
    lead.words(word, across * x, -y + 1.25 * height, 0.4 * height / CAPITAL, f"{anchor}t")
    return over(picture, color(picture, (1, 1, 1)), LEAD * blur(lead.mask(), 0.001, picture))
