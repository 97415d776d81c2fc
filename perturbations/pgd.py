r"""**What it is.** Many small steps against the gradient, each followed by a return to the allowed range around the
clean picture: $x_{t+1} = \Pi_\epsilon\,(x_t \mp \alpha\,\mathrm{sign}(\nabla_x z))$. In the survey's terms: an evasion
attack; influence *exploratory* (the model is already deployed); knowledge *white-box*; specificity *targeted*;
violation *integrity* when it hides a finding (a false negative), *availability* when it induces one (a false positive).

**What it guarantees.** No pixel changes by more than epsilon, and the picture stays within black and white. Of all
pictures it passes through, in all restarts, it returns the one with the best logit for the goal. Pixels that the model
does not see stay as they are, unless the start is random. With *keep others*, what counts is that logit and the squared
moves of all other logits, so that one finding changes and the others stay.

**When to distrust it.** Success is proof; failure is none. Before calling a model robust at some epsilon, raise steps
and restarts until the result no longer moves, and compare with attacks that use no gradients: a model can hide its
gradients without being robust ([arXiv:1802.00420](https://arxiv.org/abs/1802.00420)). A change below one gray level can
be lost when the picture is saved in 8 bits; look at the three counts of success. Against a model that decides with some
chance, a single pass says little: raise *averaged* ([arXiv:1707.07397](https://arxiv.org/abs/1707.07397)).

**Reference.** Madry, Makelov, Schmidt, Tsipras, Vladu 2018, *Towards deep learning models resistant to adversarial
attacks*, [arXiv:1706.06083](https://arxiv.org/abs/1706.06083). On medical images: Finlayson, Chung, Kohane, Beam 2018,
*Adversarial attacks against medical deep learning systems*, [arXiv:1804.05296](https://arxiv.org/abs/1804.05296).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.values import Goal
from perturbations._registry import Threat, perturbation
from perturbations._search import Aims, Cube, Starts, Steps, search, starts


@dataclass(frozen=True)
class PgdParams(Aims, Starts, Steps):
    """Size of the range and how thoroughly it is searched."""


@perturbation(
    name="Projected gradient descent",
    threat=Threat.WHITE_BOX,
    norm="linf",
    reference="arXiv:1706.06083",
    iterative=True,
    passes=lambda params, shape: params.restarts * (params.steps + 1) * params.averaged,
    needs=("gradient",),
)
def pgd(model: Classifier, x: Tensor, goal: Goal, params: PgdParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same, in [0, 1] and within epsilon: for each image its best iterate."""
    ball = Cube(x, params.epsilon / 255)
    stride = params.step_size * ball.radius / params.steps
    walks = starts(ball, params, rng)
    return search(model, ball, goal, walks, steps=params.steps, stride=stride, averaged=params.averaged)
