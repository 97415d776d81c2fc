"""**What it is.** A round piece of the picture itself, cut out at a random place and put down elsewhere. Nobody aims:
this is the control that stands beside an adversarial patch of the same size and place. If it changes as much, the patch
has shown no more than that something was covered.

**What it guarantees.** Only pixels under the disc change, and only to values that the picture has elsewhere. The piece
does not overlap with the patch, if there is room. The same seed cuts at the same place.

**When to distrust it.** What is cut out may itself be a finding, or black background that says nothing: try other
seeds. A patch put on the finding hides it, adversarial or not. One patch is one draw; a rate needs many pictures.

**Reference.** Finlayson, Chung, Kohane, Beam 2018, *Adversarial attacks against medical deep learning systems*,
[arXiv:1804.05296](https://arxiv.org/abs/1804.05296), who put patches of natural images beside adversarial ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.values import Goal
from perturbations._disc import DiscParams, disc
from perturbations._registry import Threat, perturbation


@dataclass(frozen=True)
class PatchNaturalParams(DiscParams):
    """Size and place of the patch."""


@perturbation(name="Natural patch", threat=Threat.CONTROL, reference="arXiv:1804.05296")
def patch_natural(model: Classifier, x: Tensor, goal: Goal, params: PatchNaturalParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same with a piece of each image from one random place; model and goal play no
    part."""
    inside = disc(params, *x.shape[2:])
    rows, columns = inside.nonzero(as_tuple=True)
    down, right = _way(rows, columns, (x.shape[2], x.shape[3]), rng)
    patched = x.clone()
    patched[:, :, rows, columns] = x[:, :, rows + down, columns + right]
    return patched


def _way(rows: Tensor, columns: Tensor, shape: tuple[int, int], rng: torch.Generator) -> tuple[int, int]:
    """How far down and right to move a disc at random, so that it stays in the picture and does not overlap with where
    it was; as far as it can go, where there is no such room."""
    down = torch.arange(shape[0] - int(rows.max() - rows.min())) - rows.min()
    right = torch.arange(shape[1] - int(columns.max() - columns.min())) - columns.min()
    distance = (down[:, None] ** 2 + right**2).sqrt()
    diameter = max(int(rows.max() - rows.min()), int(columns.max() - columns.min())) + 2
    fit = (distance >= min(diameter, float(distance.max()))).nonzero()
    i, j = fit[int(torch.randint(len(fit), (), generator=rng))]
    return int(down[i]), int(right[j])
