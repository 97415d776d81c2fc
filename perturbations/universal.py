"""**What it is.** One fixed change, added to whatever picture comes; there is one to hide the finding and one to induce
it. Both were computed once, from validation pictures of many patients, so that they mislead this model on as many as
possible. The attacker needs to know nothing of the picture at hand, and can do it in a scanner or a file server. In the
survey's terms: an evasion attack; influence *exploratory* (the model is already deployed); knowledge *white-box* when
the change is computed, none when it is used; specificity *indiscriminate*; violation *integrity* when it hides a
finding (a false negative), *availability* when it induces one (a false positive).

**What it guarantees.** No pixel changes by more than epsilon, and the picture stays within black and white. The model
is asked nothing, and every picture gets the same change for the same goal.

**When to distrust it.** One picture proves little, in either direction: what counts is how often decisions flip on
pictures of other patients, and how often random noise of equal size flips them, which was measured on the test split.
An attack made for one picture does more at a smaller epsilon. The change was computed for one epsilon and is stretched
to the one chosen here, and it was made for the whole picture: in a drawn region only a part of it is used.

**Reference.** Moosavi-Dezfooli, Fawzi, Fawzi, Frossard 2017, *Universal adversarial perturbations*,
[arXiv:1610.08401](https://arxiv.org/abs/1610.08401); computed by gradient signs as in Shafahi et al. 2020, *Universal
adversarial training*, [arXiv:1811.11304](https://arxiv.org/abs/1811.11304).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import Params, param
from core.values import Goal
from perturbations._registry import Threat, perturbation


@dataclass(frozen=True)
class UniversalParams(Params):
    """Size of the change."""

    epsilon: float = param(4.0, "Largest change of any pixel, in gray levels.", low=0, high=32, step=0.05, unit="/255")


@perturbation(
    name="Universal change",
    threat=Threat.WHITE_BOX,
    norm="linf",
    reference="arXiv:1610.08401",
    needs=("universal change",),
)
def universal(model: Classifier, x: Tensor, goal: Goal, params: UniversalParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same, in [0, 1] and within epsilon; rng plays no part."""
    assert model.universal is not None
    change = torch.from_numpy(model.universal()[0 if goal.direction == "hide" else 1])
    return (x + params.epsilon / 255 * change).clamp(0, 1)
