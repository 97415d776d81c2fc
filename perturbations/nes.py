r"""**What it is.** A gradient attack without a gradient. Many small random changes $u$, each Gaussian and each tried
with both signs, are shown to the model, and the scores tell which way the score rises: $\hat g = \frac{1}{2\sigma
n}\sum_i \left(z(x+\sigma u_i)-z(x-\sigma u_i)\right)u_i$ (natural evolution strategies). With this estimate, averaged
over the last steps, the picture moves as in projected gradient descent. In the survey's terms: an evasion attack;
influence *exploratory* (the model is already deployed); knowledge *black-box*, though the score must be seen and not
only the decision; specificity *targeted*; violation *integrity* when it hides a finding (a false negative),
*availability* when it induces one (a false positive).

**What it guarantees.** No pixel changes by more than epsilon, and the picture stays within black and white. The model
is shown steps × (2 × pairs + 1) pictures, and of the pictures after each step the best is returned. No gradient is
used: hiding it is no defense, unless the score hides it too.

**When to distrust it.** Success is proof; failure is none. A picture has tens of thousands of values, and some hundred
queries tell little about the direction: it usually stays behind projected gradient descent by far. Raise pairs and
steps until the result no longer moves. A probe that is too small drowns in rounding where the score is coarse, one that
is too large measures something else than the gradient. At black and white trial changes are cut off, and the estimate
is biased there.

**Reference.** Ilyas, Engstrom, Athalye, Lin 2018, *Black-box adversarial attacks with limited queries and information*,
[arXiv:1804.08598](https://arxiv.org/abs/1804.08598).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.values import Goal
from perturbations._estimated import EstimatedParams, descend
from perturbations._registry import Threat, perturbation

MOMENTUM = 0.9


@dataclass(frozen=True)
class NesParams(EstimatedParams):
    """Size of the range, and what is spent on its search."""


@perturbation(
    name="Natural evolution strategies",
    threat=Threat.BLACK_BOX,
    norm="linf",
    reference="arXiv:1804.08598",
    passes=lambda params, shape: params.queries,
)
def nes(model: Classifier, x: Tensor, goal: Goal, params: NesParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same, in [0, 1] and within epsilon: for each image its best iterate."""
    average = torch.zeros_like(x)

    def move(gradient: Tensor) -> Tensor:
        average.lerp_(gradient, 1 - MOMENTUM)
        return average.sign()

    return descend(model, x, goal, params, lambda shape: torch.randn(shape, generator=rng), move)
