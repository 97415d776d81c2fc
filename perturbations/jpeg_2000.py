"""**What it is.** The picture is stored as a JPEG 2000 file, as DICOM archives do, and read again: waves of several
sizes are kept only as far as the file has room. The file is 8, 16, 32, 60 and 100 times smaller than the picture for
severities 1 to 5. Detail drowns in smears, and edges get ripples; there are no blocks. A clinical artifact: in the
survey's terms a shift between the data a model was trained on and the data it meets, no attacker.

**What it guarantees.** The same severity always gives the same picture; a gray picture stays gray. Chance plays no
part.

**When to distrust it.** The picture is compressed at the size the model sees, where it has less to spare than at full
size: an original compressed by the same factor and then reduced looks better. Archives that compress with loss at all
seldom go beyond a factor of 20.

**Reference.** Christopoulos, Skodras, Ebrahimi 2000, *The JPEG2000 still image coding system: an overview*,
[doi:10.1109/30.920468](https://doi.org/10.1109/30.920468).
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact

RATIOS = (8, 16, 32, 60, 100)


@artifact(name="JPEG 2000 compression", reference="doi:10.1109/30.920468")
def jpeg_2000(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, compressed; rng plays no part."""
    levels = np.rint(picture * 255).astype(np.uint8).transpose(1, 2, 0)
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(levels.squeeze(2) if len(picture) == 1 else levels)).save(
        file, "JPEG2000", irreversible=True, quality_mode="rates", quality_layers=[params.pick(RATIOS)]
    )
    decoded = np.asarray(Image.open(file), dtype=np.float32) / np.float32(255)
    return decoded.reshape(levels.shape).transpose(2, 0, 1)
