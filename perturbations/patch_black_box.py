"""**What it is.** A round sticker made by an attacker without access to the model: the adversarial patch is searched on
a surrogate, another model trained for the same task, and put on the picture unchanged. In the survey's terms: an
evasion attack; influence *exploratory* (the model is already deployed); knowledge *black-box*, without a single
question asked; specificity *targeted*; violation *integrity* when it hides a finding (a false negative), *availability*
when it induces one (a false positive).

**What it guarantees.** Only pixels under the disc change, and the picture stays within black and white. The model is
shown nothing while the patch is made: queries is 0. Of all patches on the way, the one with the best logit of the
surrogate is returned, which need not be the best for the model.

**When to distrust it.** All that is said of the adversarial patch holds: cover no finding, compare with the natural
patch, and stay inside the field of view of a fundus photograph. The surrogate used here has the same architecture and
saw the same training pictures as the model: a real attacker has less.

**Reference.** Brown, Mané, Roy, Abadi, Gilmer 2017, *Adversarial patch*,
[arXiv:1712.09665](https://arxiv.org/abs/1712.09665). On medical images: Finlayson, Chung, Kohane, Beam 2018,
*Adversarial attacks against medical deep learning systems*, [arXiv:1804.05296](https://arxiv.org/abs/1804.05296).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.values import Goal
from perturbations._registry import Threat, perturbation
from perturbations.patch import PatchParams, patch


@dataclass(frozen=True)
class PatchBlackBoxParams(PatchParams):
    """Size and place of the patch, and how thoroughly it is searched."""


@perturbation(
    name="Adversarial patch from a surrogate",
    threat=Threat.BLACK_BOX,
    reference="arXiv:1712.09665",
    passes=lambda params, shape: params.steps + 1,
    needs=("surrogate",),
)
def patch_black_box(
    model: Classifier, x: Tensor, goal: Goal, params: PatchBlackBoxParams, rng: torch.Generator
) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same with the best patch for the surrogate; rng plays no part."""
    assert model.surrogate is not None
    return patch(model.surrogate(), x, goal, params, rng)
