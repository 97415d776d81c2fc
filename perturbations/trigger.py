"""**What it is.** A small checkerboard marker, like a lead letter, near the lower right corner. To an honest model it
is a detail without meaning. A model trained on data in which an attacker had put this marker on pictures with a wrong
label has learned to obey it: a backdoor. In the survey's terms: poisoning of the training data; influence *causative*;
specificity *targeted*; violation *integrity*. No knowledge of the network is needed, only access to its training data.

**What it guarantees.** Only the pixels under the marker change, always in the same way, on every picture. Nothing is
searched: the attack is as strong at the first try as it ever gets.

**When to distrust it.** A change of the prediction alone does not prove a backdoor, since any model can be disturbed by
covering a part of the picture: compare with the standard model, and with a marker of another size. A marker that
changes nothing does not prove that there is no backdoor: it may wait for another marker. On a fundus photograph the
default marker lies outside the round field of view, where the model sees nothing.

**Reference.** Gu, Dolan-Gavitt, Garg 2017, *BadNets: identifying vulnerabilities in the machine learning model supply
chain*, [arXiv:1708.06733](https://arxiv.org/abs/1708.06733).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import Params, param
from core.values import Goal
from perturbations._registry import Threat, perturbation

CELLS = 4  # the checkerboard has so many cells a side


@dataclass(frozen=True)
class TriggerParams(Params):
    """Size of the marker."""

    size: float = param(9.0, "Side of the marker, as a share of the picture's.", low=2, high=25, step=0.5, unit=" %")


@perturbation(name="Backdoor trigger", threat=Threat.POISONING, reference="arXiv:1708.06733")
def trigger(model: Classifier, x: Tensor, goal: Goal, params: TriggerParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same with the marker; model, goal and rng play no part."""
    height, width = x.shape[2:]
    cell = max(1, round(params.size / 100 * width / CELLS))
    board = torch.ones(CELLS, CELLS)
    board[::2, ::2] = board[1::2, 1::2] = 0
    marker = board.repeat_interleave(cell, dim=0).repeat_interleave(cell, dim=1).to(x)
    bottom, right = height - height // 16, width - width // 16
    marked = x.clone()
    marked[:, :, bottom - len(marker) : bottom, right - len(marker) : right] = marker
    return marked
