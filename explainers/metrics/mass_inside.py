"""**What it is.** The share of all positive heat that lies inside the marked finding: 1 means all of it.

**What it guarantees.** It is exact, costs no pass, and no unit or scale changes it. A random map has as much of its
heat inside as the finding fills of what the model sees.

**When to distrust it.** Faint heat all over adds up: a map with a bright finding on a gray veil scores low, though it
points well. It can't exceed what the finding's size allows a broad map: read it beside the random map. Heat outside may
be true, if the model uses more than the finding.

**Reference.** Kohlbrenner, Bauer, Nakajima, Binder, Samek, Lapuschkin 2019, *Towards best practice in explaining neural
network decisions with LRP*, [arXiv:1910.09840](https://arxiv.org/abs/1910.09840), there "attribution localization".
"""

from __future__ import annotations

import math

import numpy as np
import torch

from core.params import Params
from explainers.metrics._region import heat_and_region
from explainers.metrics._registry import Measured, Question, measure


@measure(name="Mass inside", unit="of positive heat", better="higher", reference="arXiv:1910.09840", needs=("region",))
def mass_inside(question: Question, params: Params, rng: torch.Generator) -> Measured:
    """The share of the positive heat that lies in the region; nan where no heat is positive."""
    heat, region = heat_and_region(question)
    positive = heat.clip(min=0).astype(np.float64)
    return Measured(float(positive[region].sum() / positive.sum()) if positive.any() else math.nan)
