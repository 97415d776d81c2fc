"""**What it is.** The picture is stored as a JPEG file and read again: in blocks of 8 x 8 pixels fine detail is rounded
away, and in color pictures the color is kept at half the resolution. The quality is 80, 50, 30, 18 and 10 for
severities 1 to 5. A clinical artifact: in the survey's terms a shift between the data a model was trained on and the
data it meets, no attacker.

**What it guarantees.** The same severity always gives the same picture; a gray picture stays gray. Chance plays no
part.

**When to distrust it.** The picture is compressed at the size the model sees; an original compressed at full size and
then reduced looks better than this. DICOM often uses JPEG 2000 or lossless compression, which leave other traces.
Quality is the scale of the Independent JPEG Group; other software counts differently.

**Reference.** Wallace 1992, *The JPEG still picture compression standard*,
[doi:10.1109/30.125072](https://doi.org/10.1109/30.125072); as a corruption of model inputs: Hendrycks, Dietterich 2019,
[arXiv:1903.12261](https://arxiv.org/abs/1903.12261).
"""

from __future__ import annotations

import numpy as np

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact
from perturbations._survival import through_jpeg

QUALITIES = (80, 50, 30, 18, 10)


@artifact(name="JPEG compression", reference="doi:10.1109/30.125072")
def jpeg(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, compressed; rng plays no part."""
    return through_jpeg(picture, params.pick(QUALITIES))
