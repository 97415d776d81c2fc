"""The attacker who knows the detector: he misleads the model, and then looks as harmless as he can.

Selective gradient descent of Bryniarski, Hingun, Pachuca, Wang, Carlini 2021, arXiv:2106.15023: no weight between two
losses has to be chosen, since each step of each image descends on one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.gradients import input_gradient
from core.values import Floats, Goal
from defenses.detectors import DETECTORS, Reference

STRIDE = 2.5  # length of a step, in multiples of epsilon / steps


@dataclass(frozen=True)
class Evasion:
    """epsilon: largest change of any pixel (/255); steps: of the search."""

    epsilon: float
    steps: int


def evade(
    key: str,
    model: Classifier,
    clean: Floats,
    goal: Goal,
    reference: Reference | None,
    evasion: Evasion,
    *,
    seed: int = 0,
) -> Floats:
    """clean (N, C, h, w) in [0, 1] -> the same, within epsilon: of the iterates that reach the goal the one with the
    lowest score of the detector called key, and where none reaches it the one nearest to the goal.

    A step descends on the loss of the goal where it is not reached, else on the score. A score without a gradient is
    descended on by trying: once the goal was reached, each step is a random one from the best iterate.
    """
    method, epsilon, rng = DETECTORS[key], evasion.epsilon / 255, torch.Generator().manual_seed(seed)
    params, stride = method.params(), STRIDE * evasion.epsilon / 255 / evasion.steps
    x = torch.tensor(clean)
    low, high = (x - epsilon).clamp(min=0), (x + epsilon).clamp(max=1)
    best, best_rank = x, torch.full((len(x), 2), torch.inf)
    iterate = x
    for step in range(evasion.steps + 1):
        gradient, logits = input_gradient(model, iterate, goal.loss)
        reached = torch.tensor([goal.reached(prediction) for prediction in model.interpret(logits)])
        with torch.set_grad_enabled(method.differentiable):
            watched = iterate.detach().requires_grad_(method.differentiable)
            scores: Tensor = method.function(model, watched, reference, params, rng)
        rank = torch.stack([(~reached).float(), torch.where(reached, scores.detach(), goal.loss(logits))], dim=1)
        better = (rank[:, 0] < best_rank[:, 0]) | ((rank[:, 0] == best_rank[:, 0]) & (rank[:, 1] < best_rank[:, 1]))
        best, best_rank = torch.where(_each(better), iterate, best), torch.where(better[:, None], rank, best_rank)
        if step == evasion.steps:
            break
        if method.differentiable:
            (downhill,) = torch.autograd.grad(scores.sum(), watched)
        else:
            downhill = torch.randn(x.shape, generator=rng)
            reached = best_rank[:, 0] == 0
            iterate = torch.where(_each(reached), best, iterate)
        direction = torch.where(_each(reached), downhill, gradient).sign()
        iterate = (iterate - stride * direction).clamp(low, high)
    found: Floats = best.numpy(force=True)
    return found


def _each(chosen: Tensor) -> Tensor:
    return chosen[:, None, None, None]
