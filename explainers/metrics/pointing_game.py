"""**What it is.** Does the pixel with the most heat lie inside the marked finding? 1 if it does, 0 if not; where
several pixels share the most heat, the share of them that lie inside.

**What it guarantees.** It is exact, and costs no pass. A random map hits as often as the finding fills what the model
sees: that share is, but for chance, the mean of the random maps.

**When to distrust it.** One pixel decides, so on one picture it is luck as much as truth: read its mean over many. A
large finding in the center is hit by a map that always points there: compare with the central blob. A miss may be the
model's fault, which looked elsewhere, and not the map's; and a marking by hand misses parts of a finding.

**Reference.** Zhang, Lin, Brandt, Shen, Sclaroff 2016, *Top-down neural attention by excitation backprop*,
[arXiv:1608.00507](https://arxiv.org/abs/1608.00507); without a margin around the finding.
"""

from __future__ import annotations

import torch

from core.params import Params
from explainers.metrics._region import heat_and_region
from explainers.metrics._registry import Measured, Question, measure


@measure(name="Pointing game", unit="hits", better="higher", reference="arXiv:1608.00507", needs=("region",))
def pointing_game(question: Question, params: Params, rng: torch.Generator) -> Measured:
    """The share of the pixels with the most heat that lie in the region."""
    heat, region = heat_and_region(question)
    return Measured(float(region[heat == heat.max()].mean()))
