"""**What it is.** An attack on the answer that also deceives whoever checks it by its map: the decision flips, and the
map stays where it was. It descends on two things at once, the logits still missing for the other decision, and how
little the Grad-CAM map is like that of the clean picture. In the survey's terms: an evasion attack; influence
*exploratory* (the model is already deployed); knowledge *white-box*; specificity *targeted*; violation *integrity* when
it hides a finding (a false negative), *availability* when it induces one (a false positive).

**What it guarantees.** No pixel changes by more than epsilon, and the picture stays within black and white. Of all
pictures it passes through on which the decision is flipped with the confidence asked for, it returns the one whose map
is most like the clean one, and if there is none, the one with the best logit for the goal.

**When to distrust it.** Success is proof; failure is none: flipping and keeping pull apart, and a larger epsilon or
more steps may do both. What is kept is the pattern of the evidence for and against, not its amount, which has to fall
when a finding is hidden: on a scale shared with the clean map the heat may look fainter. It is made for Grad-CAM: maps
by other methods may give it away, and detectors do not look at maps alone.

**Reference.** Zhang, Wang, Shen, Ji, Luo, Wang 2020, *Interpretable deep learning under fire*,
[arXiv:1812.00891](https://arxiv.org/abs/1812.00891).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import param
from core.values import Goal
from perturbations._decision import shortfall
from perturbations._maps import Seen, likeness, walk
from perturbations._registry import Threat, perturbation
from perturbations._search import Range, better


@dataclass(frozen=True)
class KeepMapParams(Range):
    """How much may change, how long to search, and what counts how much."""

    steps: int = param(40, "Gradient steps.", low=1, high=200, step=1)
    hold: float = param(
        1.0, "How many logits the likeness of the maps is worth; 0 is for the decision alone.", low=0, high=20, step=0.5
    )
    confidence: float = param(1.0, "How far beyond the threshold, in logits.", low=0, high=20, step=0.5)


@perturbation(
    name="Map-preserving attack",
    threat=Threat.WHITE_BOX,
    norm="linf",
    reference="arXiv:1812.00891",
    iterative=True,
    passes=lambda params, shape: params.steps + 1,
    needs=("feature map",),
)
def keep_map(model: Classifier, x: Tensor, goal: Goal, params: KeepMapParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same, in [0, 1] and within epsilon: for each image its best iterate."""
    threshold = shortfall(model, goal)

    def missing(now: Seen) -> Tensor:
        return threshold(now.logits) + params.confidence

    def loss(now: Seen, clean: Seen) -> Tensor:
        return missing(now).clamp(min=0) - params.hold * likeness(now.evidence, clean.evidence)

    flipped, unlikeness = x, torch.full((len(x),), torch.inf)
    nearest, gap = x, torch.full((len(x),), torch.inf)
    for iterate, now, clean in walk(model, x, goal.target, params, loss):
        change = torch.where(missing(now) <= 0, -likeness(now.evidence, clean.evidence), torch.inf)
        flipped, unlikeness = better(flipped, unlikeness, iterate, change)
        nearest, gap = better(nearest, gap, iterate, missing(now))
    return torch.where(unlikeness.isinf()[:, None, None, None], nearest, flipped)
