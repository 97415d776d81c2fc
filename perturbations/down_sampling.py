"""**What it is.** The picture was reduced on its way, for a preview, a slide or a messenger, and enlarged again: fine
detail is gone. Its side, or 224 pixels if it is larger, was divided by 1.5, 2, 3, 4.5 and 7 for severities 1 to 5. A
clinical artifact: in the survey's terms a shift between the data a model was trained on and the data it meets, no
attacker.

**What it guarantees.** The same severity always gives the same picture; an even area stays as it is. Chance plays no
part.

**When to distrust it.** The picture is reduced by weighted averaging and enlarged smoothly. Other software leaves
stairs, rims or moiré instead.

**Reference.** Hendrycks, Dietterich 2019, *Benchmarking neural network robustness to common corruptions and
perturbations* (there: pixelate), [arXiv:1903.12261](https://arxiv.org/abs/1903.12261).
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from core.values import Floats
from perturbations._artifact import ArtifactParams, artifact
from perturbations._drawing import side

FACTORS = (1.5, 2, 3, 4.5, 7)
USUAL = 224  # pixels across, of which the factors speak


@artifact(name="Down-sampling", reference="arXiv:1903.12261")
def down_sampling(picture: Floats, params: ArtifactParams, rng: np.random.Generator) -> Floats:
    """(C, h, w) in [0, 1] -> the same, coarser; rng plays no part."""
    height, width = picture.shape[1:]
    factor = params.pick(FACTORS) * max(1.0, side(picture) / USUAL)
    small = max(1, round(width / factor)), max(1, round(height / factor))
    return np.stack([_resized(_resized(channel, small, "BILINEAR"), (width, height), "BICUBIC") for channel in picture])


def _resized(channel: Floats, size: tuple[int, int], how: str) -> Floats:
    return np.asarray(Image.fromarray(channel).resize(size, Image.Resampling[how]))
