r"""**What it is.** Many small steps against the gradient, each followed by a return to the allowed range around the
clean picture: $x_{t+1} = \Pi_\epsilon\,(x_t \mp \alpha\,\mathrm{sign}(\nabla_x z))$. In the survey's terms: an evasion
attack; influence *exploratory* (the model is already deployed); knowledge *white-box*; specificity *targeted*;
violation *integrity* when it hides a finding (a false negative), *availability* when it induces one (a false positive).

**What it guarantees.** No pixel changes by more than epsilon, and the picture stays within black and white. Of all
pictures it passes through, in all restarts, it returns the one with the best logit for the goal. Pixels that the model
does not see stay as they are, unless the start is random.

**When to distrust it.** Success is proof; failure is none. Before calling a model robust at some epsilon, raise steps
and restarts until the result no longer moves, and compare with attacks that use no gradients: a model can hide its
gradients without being robust ([arXiv:1802.00420](https://arxiv.org/abs/1802.00420)). A change below one gray level can
be lost when the picture is saved in 8 bits; look at the three counts of success.

**Reference.** Madry, Makelov, Schmidt, Tsipras, Vladu 2018, *Towards deep learning models resistant to adversarial
attacks*, [arXiv:1706.06083](https://arxiv.org/abs/1706.06083). On medical images: Finlayson, Chung, Kohane, Beam 2018,
*Adversarial attacks against medical deep learning systems*, [arXiv:1804.05296](https://arxiv.org/abs/1804.05296).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.gradients import input_gradient
from core.params import Params, param
from core.values import Goal
from perturbations._registry import Threat, perturbation


@dataclass(frozen=True)
class PgdParams(Params):
    """Size of the range and how thoroughly it is searched."""

    epsilon: float = param(1.0, "Largest change of any pixel, in gray levels.", low=0, high=16, step=0.05, unit="/255")
    steps: int = param(20, "Gradient steps of each restart.", low=1, high=200, step=1)
    step_size: float = param(
        2.5, "Length of a step, in multiples of epsilon / steps.", low=0.1, high=20, step=0.1, unit="×"
    )
    random_start: bool = param(False, "Start at a random point within epsilon, not at the clean image.")
    restarts: int = param(
        1, "Runs, the best of which counts; all but the first start at random.", low=1, high=10, step=1
    )


@perturbation(
    name="Projected gradient descent",
    threat=Threat.WHITE_BOX,
    norm="linf",
    reference="arXiv:1706.06083",
    iterative=True,
    passes=lambda params, shape: params.restarts * (params.steps + 1),
    needs=("gradient",),
)
def pgd(model: Classifier, x: Tensor, goal: Goal, params: PgdParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same, in [0, 1] and within epsilon: for each image its best iterate.

    A restart takes params.steps forward and backward passes and one forward pass, for the loss of its last iterate.
    """
    epsilon = params.epsilon / 255
    stride = params.step_size * epsilon / params.steps
    low, high = (x - epsilon).clamp(min=0), (x + epsilon).clamp(max=1)
    best, best_loss = x, torch.full((len(x),), torch.inf)
    for restart in range(params.restarts):
        iterate = x
        if params.random_start or restart > 0:
            iterate = (x + epsilon * (2 * torch.rand(x.shape, generator=rng) - 1)).clamp(low, high)
        for _ in range(params.steps):
            gradient, logits = input_gradient(model, iterate, goal.loss)
            best, best_loss = _better(best, best_loss, iterate, goal.loss(logits))
            iterate = (iterate - stride * gradient.sign()).clamp(low, high)
        best, best_loss = _better(best, best_loss, iterate, goal.loss(model(iterate)))
    return best


def _better(first: Tensor, first_loss: Tensor, second: Tensor, second_loss: Tensor) -> tuple[Tensor, Tensor]:
    """Image by image, the one with the lower loss: images (N, C, h, w) and losses (N,)."""
    improved = second_loss < first_loss
    return torch.where(improved[:, None, None, None], second, first), torch.where(improved, second_loss, first_loss)
