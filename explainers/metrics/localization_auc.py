"""**What it is.** How often a pixel of the marked finding has more heat than a pixel elsewhere, over all such pairs;
equal heat counts half. 1: the whole finding is hotter than all else; 0.5: the map can't tell them apart.

**What it guarantees.** It is exact, costs no pass, and needs neither threshold nor scale. A random map has 0.5, and
so has one that is shuffled.

**When to distrust it.** Most pairs compare the finding with background that is easy to tell, so values are high: a
difference near the finding hardly shows. On a finding in the center, the central blob does well too: compare with it.
Heat outside may be true, if the model uses more than the finding.

**Reference.** Bylinskii, Judd, Oliva, Torralba, Durand 2016, *What do different evaluation metrics tell us about
saliency models?*, [arXiv:1604.03605](https://arxiv.org/abs/1604.03605).
"""

from __future__ import annotations

import math

import torch

from core.params import Params
from explainers.metrics._ranks import mean_ranks
from explainers.metrics._region import heat_and_region
from explainers.metrics._registry import Measured, Question, measure


@measure(name="Localization AUC", unit="AUROC", better="higher", reference="arXiv:1604.03605", needs=("region",))
def localization_auc(question: Question, params: Params, rng: torch.Generator) -> Measured:
    """The area under the ROC curve of the heat for pixels of the region; nan where there is no pixel in or outside."""
    heat, region = heat_and_region(question)
    inside, outside = int(region.sum()), int((~region).sum())
    if inside == 0 or outside == 0:
        return Measured(math.nan)
    wins = mean_ranks(heat)[region].sum() - inside * (inside + 1) / 2
    return Measured(float(wins / (inside * outside)))
