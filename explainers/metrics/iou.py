"""**What it is.** The pixels with the most heat are outlined, as many as the marked finding has. The score is how well
the two areas agree: what they share, divided by what they cover together (intersection over union). 1 means the same
area, 0 that they don't touch.

**What it guarantees.** No threshold has to be chosen, so none can be tuned. Pixels of equal heat are taken in random
order, under the seed. A random map that fills a share p of the picture reaches about p / (2 - p).

**When to distrust it.** A coarse map can't follow a small finding, however right it is. An outline drawn by hand and
the pixels a model uses need not agree: the model may need only a part. The value is hard on small findings; compare
with the random map and the central blob.

**Reference.** Saporta, Gui, Agrawal, Pareek, Truong and others 2022, *Benchmarking saliency methods for chest X-ray
interpretation*, [doi:10.1038/s42256-022-00536-x](https://doi.org/10.1038/s42256-022-00536-x); here at equal area.
"""

from __future__ import annotations

import math

import torch

from core.params import Params
from explainers.metrics._order import order
from explainers.metrics._registry import Measured, Question, measure


@measure(
    name="IoU at equal area",
    unit="of the union",
    better="higher",
    reference="doi:10.1038/s42256-022-00536-x",
    needs=("region",),
)
def iou(question: Question, params: Params, rng: torch.Generator) -> Measured:
    """Intersection over union of the region and as many pixels with the most heat; nan for a region out of sight."""
    assert question.region is not None, "it declares that it needs a region"
    area = int(question.region.sum())
    if area == 0:
        return Measured(math.nan)
    shared = int(question.region.flatten()[order(question, rng)[:area]].sum())
    return Measured(shared / (2 * area - shared))
