"""**What it is.** The attacker has no access to the model, and trains another one for the same task: the surrogate. The
picture is changed by projected gradient descent until the surrogate is misled, in the hope that the model errs where
the surrogate does. In the survey's terms: an evasion attack; influence *exploratory* (the model is already deployed);
knowledge *black-box*, without a single question asked; specificity *targeted*; violation *integrity* when it hides a
finding (a false negative), *availability* when it induces one (a false positive).

**What it guarantees.** No pixel changes by more than epsilon, and the picture stays within black and white. The model
is shown nothing while the change is made: queries is 0. Of all pictures on the way, the one with the best logit of the
surrogate is returned, which need not be the best for the model.

**When to distrust it.** The better the surrogate resembles the model, the better the change carries over: the one used
here has the same architecture and saw the same training pictures. From the standard model it differs only in how long
it was trained and in its random choices; from the twins also in what they were trained for. A real attacker has less.
Failure proves nothing, since another surrogate, or several, may do better. Where this attack beats projected gradient
descent on the model itself at the same epsilon, the model hides its gradients
([arXiv:1802.00420](https://arxiv.org/abs/1802.00420)).

**Reference.** Papernot, McDaniel, Goodfellow 2016, *Transferability in machine learning: from phenomena to black-box
attacks using adversarial samples*, [arXiv:1605.07277](https://arxiv.org/abs/1605.07277). On medical images: Finlayson,
Chung, Kohane, Beam 2018, [arXiv:1804.05296](https://arxiv.org/abs/1804.05296).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import param
from core.values import Goal
from perturbations._registry import PERTURBATIONS, Threat, perturbation
from perturbations.pgd import PgdParams, pgd


@dataclass(frozen=True)
class TransferParams(PgdParams):
    """Those of projected gradient descent, in a wider range."""

    epsilon: float = param(2.0, "Largest change of any pixel, in gray levels.", low=0, high=32, step=0.05, unit="/255")


@perturbation(
    name="Transfer from a surrogate",
    threat=Threat.BLACK_BOX,
    norm="linf",
    reference="arXiv:1605.07277",
    passes=lambda params, shape: PERTURBATIONS["pgd"].passes(params, shape),
    needs=("surrogate",),
)
def transfer(model: Classifier, x: Tensor, goal: Goal, params: TransferParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same, in [0, 1] and within epsilon: for each image the best for the surrogate."""
    assert model.surrogate is not None
    return pgd(model.surrogate(), x, goal, params, rng)
