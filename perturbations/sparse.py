r"""**What it is.** Only a few pixels change, but as much as they like. Each step follows the gradient; then the pixels
on which it does most stay changed, within black and white, and all others go back to the clean picture. In the survey's
terms: an evasion attack; influence *exploratory* (the model is already deployed); knowledge *white-box*; specificity
*targeted*; violation *integrity* when it hides a finding (a false negative), *availability* when it induces one (a
false positive).

**What it guarantees.** No more pixels change than asked for, in any of their channels, and the picture stays within
black and white. Of all pictures it passes through, it returns the one with the best logit for the goal.

**When to distrust it.** Success is proof; failure is none: which pixels are best is a riddle that no gradient solves,
and more steps, or steps of another length, may find better ones. What it changes is in plain sight, like dust or dead
pixels, and is of a size that survives rounding; JPEG and any smoothing blur it.

**Reference.** Croce, Hein 2019, *Sparse and imperceivable adversarial attacks*,
[arXiv:1909.05040](https://arxiv.org/abs/1909.05040).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import Params, param
from core.values import Goal
from perturbations._registry import Threat, perturbation
from perturbations._search import TINY, Aims, search


@dataclass(frozen=True)
class SparseParams(Aims, Params):
    """How many pixels, and how thoroughly they are searched."""

    pixels: int = param(50, "Pixels that may change.", low=1, high=5000, step=1)
    steps: int = param(30, "Gradient steps.", low=1, high=200, step=1)
    step_size: float = param(
        0.2, "Change of a typical pixel in one step; 1 is from black to white.", low=0.01, high=2, step=0.01
    )


class Few:
    """The pictures that differ from the clean ones in no more than so many pixels."""

    def __init__(self, clean: Tensor, pixels: int) -> None:
        self.clean, self.pixels = clean, min(pixels, clean[0, 0].numel())

    def nearest(self, x: Tensor) -> Tensor:
        """Those pixels are kept that would be missed most: the loss of distance to x is greatest."""
        inside = x.clamp(0, 1)
        gain = ((x - self.clean).square() - (x - inside).square()).sum(dim=1).flatten(1)
        kept = torch.zeros_like(gain, dtype=torch.bool).scatter(1, gain.topk(self.pixels, dim=1).indices, True)
        return torch.where(kept.view_as(x[:, :1]), inside, self.clean)

    def steepest(self, gradient: Tensor) -> Tensor:
        """Along the gradient; the mean of the largest changes, as many as pixels, is 1."""
        largest = gradient.abs().amax(dim=1).flatten(1).topk(self.pixels, dim=1).values.mean(dim=1)
        return gradient / largest.clamp(min=TINY)[:, None, None, None]


@perturbation(
    name="Sparse, a few pixels",
    threat=Threat.WHITE_BOX,
    reference="arXiv:1909.05040",
    iterative=True,
    passes=lambda params, shape: (params.steps + 1) * params.averaged,
    needs=("gradient",),
)
def sparse(model: Classifier, x: Tensor, goal: Goal, params: SparseParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same with at most params.pixels pixels changed: for each image its best iterate."""
    ball = Few(x, params.pixels)
    return search(model, ball, goal, [x], steps=params.steps, stride=params.step_size, averaged=params.averaged)
