r"""**What it is.** Projected gradient descent that chooses its own steps. It begins with steps of twice epsilon and
some momentum; at checkpoints that lie closer and closer together it looks back, and where the logit fell in too few
steps, or no better picture was found, it halves the steps and goes on from the best picture so far. In the survey's
terms: an evasion attack; influence *exploratory* (the model is already deployed); knowledge *white-box*; specificity
*targeted*; violation *integrity* when it hides a finding (a false negative), *availability* when it induces one (a
false positive).

What it lowers depends on the model. Where each finding has a yes or no of its own, or there are fewer than four
classes, it is the finding's logit: for two classes that is the margin between them, and unlike the cross-entropy it
never goes flat. Where four or more classes exclude each other, it is the difference of logits ratio: the margin between
the class and the strongest other, divided by the distance of the first class from the third, so that a model can't
hide by scaling its logits.

**What it guarantees.** No pixel changes by more than epsilon, and the picture stays within black and white. Of all
pictures it passes through, in all restarts, it returns the one with the best logit for the goal. Pixels that the model
does not see stay as they are, unless the start is random.

**When to distrust it.** There is no step size that could be chosen badly, and with a hundred steps it is one of the
strongest attacks within a range. Still, failure is no proof: raise steps and restarts, and compare with attacks that
use no gradients. With few steps there are few checkpoints, and projected gradient descent may do better. The ratio is
not used together with *keep others*.

**Reference.** Croce, Hein 2020, *Reliable evaluation of adversarial robustness with an ensemble of diverse
parameter-free attacks*, [arXiv:2003.01690](https://arxiv.org/abs/2003.01690).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from core.classifier import Classifier
from core.params import param
from core.values import Goal
from perturbations._registry import Threat, perturbation
from perturbations._search import TINY, Aims, Cube, Range, better, mean_gradient

FIRST_CHECK, CLOSER, CLOSEST = 0.22, 0.03, 0.06  # stretches between checkpoints, as shares of all steps
ENOUGH = 0.75  # share of the steps between two checkpoints that must have helped
AHEAD = 0.75  # share of the new step, the rest is momentum


@dataclass(frozen=True)
class ApgdParams(Aims, Range):
    """Size of the range and how thoroughly it is searched."""

    steps: int = param(50, "Gradient steps of each restart.", low=1, high=500, step=1)
    restarts: int = param(
        1, "Runs, the best of which counts; all but the first start at random.", low=1, high=10, step=1
    )


@perturbation(
    name="Auto-PGD",
    threat=Threat.WHITE_BOX,
    norm="linf",
    reference="arXiv:2003.01690",
    iterative=True,
    passes=lambda params, shape: params.restarts * (params.steps + 1) * params.averaged,
    needs=("gradient",),
)
def apgd(model: Classifier, x: Tensor, goal: Goal, params: ApgdParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same, in [0, 1] and within epsilon: for each image its best iterate."""
    ball, score = Cube(x, params.epsilon / 255), _score(model, goal, params)
    best, best_loss = x, torch.full((len(x),), torch.inf)
    for restart in range(params.restarts):
        iterate = ball.anywhere(rng) if restart > 0 else x
        previous, stride = iterate, torch.full((len(x), 1, 1, 1), 2 * ball.radius)
        peak, peak_gradient, peak_loss, last = iterate, x, torch.full((len(x),), torch.inf), best_loss
        helped, halved, marked = torch.zeros(len(x)), torch.ones(len(x), dtype=torch.bool), peak_loss
        since, stretch = 0, max(1, int(FIRST_CHECK * params.steps))
        for step in range(params.steps + 1):
            gradient, logits = mean_gradient(model, iterate, score, params.averaged)
            best, best_loss = better(best, best_loss, iterate, goal.loss(logits))
            loss = score(logits)
            peak_gradient, _ = better(peak_gradient, peak_loss, gradient, loss)
            peak, peak_loss = better(peak, peak_loss, iterate, loss)
            if step == 0:
                marked = loss
            else:
                since, helped = since + 1, helped + (loss < last)
            last = loss
            if since == stretch:
                halved = (helped <= ENOUGH * stretch) | (~halved & (peak_loss >= marked))
                stride = torch.where(_wide(halved), stride / 2, stride)
                iterate = torch.where(_wide(halved), peak, iterate)
                gradient = torch.where(_wide(halved), peak_gradient, gradient)
                last, marked = torch.where(halved, peak_loss, last), peak_loss
                since, helped = 0, torch.zeros(len(x))
                stretch = max(stretch - max(1, int(CLOSER * params.steps)), max(1, int(CLOSEST * params.steps)))
            ahead = ball.nearest(iterate - stride * ball.steepest(gradient)) - iterate
            share = AHEAD if step else 1.0
            momentum = (1 - share) * (iterate - previous)
            previous, iterate = iterate, ball.nearest(iterate + share * ahead + momentum)
    return best


def _score(model: Classifier, goal: Goal, params: ApgdParams) -> Callable[[Tensor], Tensor]:
    """What is lowered: (N, K) logits -> (N,)."""
    card = model.card
    if card.head != "exclusive" or len(card.labels) < 4 or params.keep_others:
        return goal.loss
    sign = 1 if goal.direction == "hide" else -1

    def ratio(logits: Tensor) -> Tensor:
        """Differences of log-probabilities are those of the network's own logits."""
        own = logsigmoid(logits)
        highest, order = own.topk(3, dim=1)
        rival = torch.where(order[:, 0] == goal.target, highest[:, 1], highest[:, 0])
        return sign * (own[:, goal.target] - rival) / (highest[:, 0] - highest[:, 2]).clamp(min=TINY)

    return ratio


def _wide(chosen: Tensor) -> Tensor:
    return chosen[:, None, None, None]
