"""**What it is.** A round sticker. Outside the disc nothing changes; inside, every value may be anything between black
and white, and is searched by gradient steps until the model is misled. Nobody tries to hide it: a person sees the patch
and ignores it, the model does not. In the survey's terms: an evasion attack; influence *exploratory* (the model is
already deployed); knowledge *white-box*; specificity *targeted*; violation *integrity* when it hides a finding (a false
negative), *availability* when it induces one (a false positive).

**What it guarantees.** Only pixels under the disc change, and the picture stays within black and white. Of all patches
it passes through, the one with the best logit for the goal is returned. A place with an organ or a finding can be
spared by the center, or by a drawn region: only the part of the disc inside the region changes.

**When to distrust it.** A patch that covers the finding hides it without any attack: put it elsewhere, and compare with
the natural patch of the same size and place. On a fundus photograph a patch outside the round field of view is not
seen. This patch is made for one picture at one place; Brown et al. and Finlayson et al. trained one patch, of up to 40
% of the side, for all pictures and several places, which is harder, so success rates do not compare.

**Reference.** Brown, Mané, Roy, Abadi, Gilmer 2017, *Adversarial patch*,
[arXiv:1712.09665](https://arxiv.org/abs/1712.09665). On medical images: Finlayson, Chung, Kohane, Beam 2018,
*Adversarial attacks against medical deep learning systems*, [arXiv:1804.05296](https://arxiv.org/abs/1804.05296).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.gradients import input_gradient
from core.params import param
from core.values import Goal
from perturbations._disc import DiscParams, disc
from perturbations._registry import Threat, perturbation
from perturbations._search import better

FIRST_STEP = 2.0  # divided by the number of steps; shrinks linearly to a tenth, and all reach from black to white


@dataclass(frozen=True)
class PatchParams(DiscParams):
    """Size and place of the patch, and how thoroughly it is searched."""

    steps: int = param(30, "Gradient steps.", low=1, high=500, step=1)


@perturbation(
    name="Adversarial patch",
    threat=Threat.WHITE_BOX,
    reference="arXiv:1712.09665",
    iterative=True,
    passes=lambda params, shape: params.steps + 1,
    needs=("gradient",),
)
def patch(model: Classifier, x: Tensor, goal: Goal, params: PatchParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same with the best patch of each image; rng plays no part.

    The search starts from the picture itself; its last step only asks for the loss.
    """
    inside = disc(params, *x.shape[2:])
    iterate, best, best_loss = x, x, torch.full((len(x),), torch.inf)
    for step in range(params.steps + 1):
        gradient, logits = input_gradient(model, iterate, goal.loss)
        best, best_loss = better(best, best_loss, iterate, goal.loss(logits))
        stride = FIRST_STEP / params.steps * (1 - 0.9 * step / params.steps)
        iterate = torch.where(inside, (iterate - stride * gradient.sign()).clamp(0, 1), x)
    return best
