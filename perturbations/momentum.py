r"""**What it is.** Projected gradient descent that keeps its course: each step follows the sum of all gradients so far,
each divided by its mean size, the earlier ones fading by *decay*: $g_{t+1} = \mu\,g_t + \nabla_x z / \lVert\nabla_x
z\rVert_1$. The steps pass over small bumps, and what they find depends less on the quirks of one network, so that it
often misleads others too. In the survey's terms: an evasion attack; influence *exploratory* (the model is already
deployed); knowledge *white-box*; specificity *targeted*; violation *integrity* when it hides a finding (a false
negative), *availability* when it induces one (a false positive).

**What it guarantees.** No pixel changes by more than epsilon, and the picture stays within black and white. Of all
pictures it passes through, it returns the one with the best logit for the goal. Nothing is left to chance, and pixels
that the model does not see stay as they are.

**When to distrust it.** Success is proof; failure is none. On the network it was made for it is seldom stronger than
projected gradient descent, since it also overshoots. That it carries over to other networks is a tendency, which must
be measured for each.

**Reference.** Dong, Liao, Pang, Su, Zhu, Hu, Li 2018, *Boosting adversarial attacks with momentum*,
[arXiv:1710.06081](https://arxiv.org/abs/1710.06081).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import param
from core.values import Goal
from perturbations._registry import Threat, perturbation
from perturbations._search import Aims, Cube, Range, search


@dataclass(frozen=True)
class MomentumParams(Aims, Range):
    """Size of the range, of the steps, and how long a gradient is remembered."""

    step_size: float = param(
        1.0, "Length of a step, in multiples of epsilon / steps.", low=0.1, high=20, step=0.1, unit="×"
    )
    decay: float = param(
        1.0, "Share of the earlier gradients that is kept at each step: 0 forgets them.", low=0, high=2, step=0.05
    )


@perturbation(
    name="Momentum iterative method",
    threat=Threat.WHITE_BOX,
    norm="linf",
    reference="arXiv:1710.06081",
    iterative=True,
    passes=lambda params, shape: (params.steps + 1) * params.averaged,
    needs=("gradient",),
)
def momentum(model: Classifier, x: Tensor, goal: Goal, params: MomentumParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same, in [0, 1] and within epsilon: for each image its best iterate."""
    ball, averaged = Cube(x, params.epsilon / 255), params.averaged
    stride = params.step_size * ball.radius / params.steps
    return search(model, ball, goal, [x], steps=params.steps, stride=stride, averaged=averaged, decay=params.decay)
