r"""**What it is.** Projected gradient descent with the other measure of size: not the largest change of any pixel is
bounded, but the root mean square over all of them. Each step moves along the gradient, so that pixels that matter much
move far and the rest hardly at all: $x_{t+1} = \Pi_\epsilon\,(x_t \mp \alpha\,\nabla_x z / \lVert\nabla_x z\rVert_2)$.
In the survey's terms: an evasion attack; influence *exploratory* (the model is already deployed); knowledge
*white-box*; specificity *targeted*; violation *integrity* when it hides a finding (a false negative), *availability*
when it induces one (a false positive).

**What it guarantees.** The root mean square of the change is no more than epsilon, which is a Euclidean length of
epsilon / 255 times the root of the number of values; the picture stays within black and white. Of all pictures it
passes through, in all restarts, it returns the one with the best logit for the goal. Pixels that the model does not see
stay as they are, unless the start is random.

**When to distrust it.** The same epsilon is not the same size as in projected gradient descent: there, all pixels may
move by epsilon, and the root mean square is no more than that; here, a few may move by a multiple of it, and can be
seen. In a region, the whole budget goes to its pixels, and a random start wastes a part of it outside. Success is
proof; failure is none: raise steps and restarts until the result no longer moves.

**Reference.** Madry, Makelov, Schmidt, Tsipras, Vladu 2018, *Towards deep learning models resistant to adversarial
attacks*, [arXiv:1706.06083](https://arxiv.org/abs/1706.06083).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import param
from core.values import Goal
from perturbations._registry import Threat, perturbation
from perturbations._search import Aims, Sphere, Starts, Steps, search, starts


@dataclass(frozen=True)
class PgdL2Params(Aims, Starts, Steps):
    """Size of the range and how thoroughly it is searched."""

    epsilon: float = param(
        1.0, "Largest root mean square of the change, in gray levels.", low=0, high=16, step=0.05, unit="/255"
    )


@perturbation(
    name="Projected gradient descent, Euclidean",
    threat=Threat.WHITE_BOX,
    norm="l2",
    reference="arXiv:1706.06083",
    iterative=True,
    passes=lambda params, shape: params.restarts * (params.steps + 1) * params.averaged,
    needs=("gradient",),
)
def pgd_l2(model: Classifier, x: Tensor, goal: Goal, params: PgdL2Params, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same, in [0, 1] and within epsilon: for each image its best iterate."""
    ball = Sphere(x, params.epsilon / 255 * x[0].numel() ** 0.5)
    stride = params.step_size * ball.radius / params.steps
    walks = starts(ball, params, rng)
    return search(model, ball, goal, walks, steps=params.steps, stride=stride, averaged=params.averaged)
