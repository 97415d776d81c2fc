"""**What it is.** The map is made again on copies of the picture with random noise, by default too faint to see. The
score is the largest change of the map, as a share of the map itself (both as root of the sum of squares): 0 means that
it never moved, 1 that what changed is as large as the map.

**What it guarantees.** The map of this picture can move at least that far for such a small reason. All maps are made
with the same seed, so what moves is due to the picture, not to the method's own chance.

**When to distrust it.** Noise finds no worst case: an attacker can move the map further. A map that ignores the
picture, such as the central blob, scores a perfect 0, so a low score alone proves nothing. If the logit moves with the
noise too, the map is right to move.

**Reference.** Yeh, Hsieh, Suggala, Inouye, Ravikumar 2019, *On the (in)fidelity and sensitivity of explanations*,
[arXiv:1901.09392](https://arxiv.org/abs/1901.09392); relative to the size of the map.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from core.params import Params, param
from explainers.metrics._registry import BATCH, Measured, Question, measure


@dataclass(frozen=True)
class MaxSensitivityParams(Params):
    """How many copies, and how much noise they get."""

    copies: int = param(8, "Noisy copies whose maps are made.", low=1, high=64, step=1)
    radius: float = param(2.0, "Largest change of any pixel.", low=0.1, high=16, step=0.1, unit="/255")


@measure(
    name="Max-sensitivity",
    unit="of the map",
    better="lower",
    reference="arXiv:1901.09392",
    maps=lambda params: params.copies,
)
def max_sensitivity(question: Question, params: MaxSensitivityParams, rng: torch.Generator) -> Measured:
    """The largest change of the map among noisy copies, relative to its norm."""
    sizes = []
    for first in range(0, params.copies, BATCH):
        count = min(BATCH, params.copies - first)
        noise = (2 * torch.rand(count, *question.x.shape[1:], generator=rng) - 1) * params.radius / 255
        changes = question.again(question.model, (question.x + noise).clamp(0, 1)) - question.heat
        sizes.append(changes.flatten(1).norm(dim=1))
    return Measured(float(torch.cat(sizes).max() / question.heat.norm()))
