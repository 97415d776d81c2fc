"""**What it is.** An attack on the explanation: the answer stays, the map moves. It follows the gradient of the
Grad-CAM map itself, either *away* from where the map is, until what was hot is cold and what was cold is hot, or
*towards* a disc of your choice. In the survey's terms: influence *exploratory* (the model is already deployed);
knowledge *white-box*; specificity *targeted*; violation none of the three, for no answer changes: it deceives whoever
checks an answer by its map.

**What it guarantees.** No pixel changes by more than epsilon, and the picture stays within black and white. The logits
are held near where they were, the more tightly the larger *hold* is. Of all pictures it passes through on which the
model decides as before, about every finding, it returns the one with the best sum of the two: a map as wanted, and
logits as before.

**When to distrust it.** It is made for Grad-CAM. Its relatives move with it, but a map by another method may move no
more than under noise: compare several before you believe any. The map is not lying: in the changed picture the network
does find its evidence elsewhere, so that the place of a map is no more robust than an answer. A clean map without
evidence has nothing that could move away. The decision is kept as computed; near the threshold, saving with 8 bits can
flip it.

**Reference.** Ghorbani, Abid, Zou 2019, *Interpretation of neural networks is fragile*,
[arXiv:1710.10547](https://arxiv.org/abs/1710.10547); Dombrowski, Alber, Anders, Ackermann, Müller, Kessel 2019,
*Explanations can be manipulated and geometry is to blame*, [arXiv:1906.07983](https://arxiv.org/abs/1906.07983). The
maps of these papers are gradients, which ReLUs leave without a slope of their own, so the network is smoothed for the
search. Grad-CAM is made of features as well: their slope suffices, and nothing is smoothed here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from core.classifier import Classifier
from core.params import param
from core.values import Goal
from perturbations._disc import DiscParams, disc
from perturbations._maps import Seen, likeness, remains, walk
from perturbations._registry import Threat, perturbation
from perturbations._search import Range, better


@dataclass(frozen=True)
class MoveMapParams(DiscParams, Range):
    """How much may change, how long to search, and where the map is to go."""

    steps: int = param(40, "Gradient steps.", low=1, high=200, step=1)
    place: str = param("away", "Away from where the map is, or towards the disc.", choices=("away", "towards"))
    hold: float = param(
        0.2, "Weight of the squared change of the logits, beside that of the map.", low=0, high=10, step=0.05
    )


@perturbation(
    name="Map manipulation",
    threat=Threat.EXPLANATION,
    norm="linf",
    reference="arXiv:1710.10547",
    iterative=True,
    passes=lambda params, shape: params.steps + 1,
    needs=("feature map",),
)
def move_map(model: Classifier, x: Tensor, goal: Goal, params: MoveMapParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same, in [0, 1] and within epsilon: for each image its best iterate.

    goal names the finding whose map it is; its direction plays no part.
    """
    chosen = disc(params, *x.shape[2:])[None].float()

    def loss(now: Seen, clean: Seen) -> Tensor:
        if params.place == "away":
            unwanted = remains(now.evidence, clean.evidence).clamp(min=-1)
        else:
            rows, columns = now.evidence.shape[1:]
            unwanted = -likeness(now.evidence, functional.adaptive_avg_pool2d(chosen, (rows, columns)))
        return unwanted + params.hold * (now.logits - clean.logits).square().sum(dim=1)

    best, least = x, torch.full((len(x),), torch.inf)
    for iterate, now, clean in walk(model, x, goal.target, params, loss):
        stays = (_decisions(model, now) == _decisions(model, clean)).all(dim=1)
        best, least = better(best, least, iterate, torch.where(stays, loss(now, clean), torch.inf))
    return best


def _decisions(model: Classifier, seen: Seen) -> Tensor:
    """(N, K) bool: what is flagged."""
    return torch.from_numpy(np.stack([prediction.positive for prediction in model.interpret(seen.logits)]))
