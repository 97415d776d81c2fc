"""**What it is.** Squares at random places, of random size, fade by a random share into the blurred picture. The map
predicts how far the logit drops each time: the heat under the square, times the share. The score is the part of the
true drops (of their mean square) that this misses: 0 means every drop was foretold, 1 none.

**What it guarantees.** Every drop is an experiment. Maps of any unit can be compared, since the heat is first
multiplied by the one factor, not negative, that makes the errors smallest (the optimal scaling of the paper): only
the proportions within the map count. All maps are asked about the same squares.

**When to distrust it.** It asks for sums: a map of how sensitive the score is, such as saliency, promises none. A map
without sign foretells drops only, and misses all where fading raises the logit, as it may in an unflagged image. Larger
squares drop the logit more, so even a random map foretells a part: compare with it. A map that is relative to
black is better asked with black. The model has never learned from faded pictures; where they hardly move the logit, the
score hangs on chance.

**Reference.** Yeh, Hsieh, Suggala, Inouye, Ravikumar 2019, *On the (in)fidelity and sensitivity of explanations*,
[arXiv:1901.09392](https://arxiv.org/abs/1901.09392); relative to the mean square of the drops.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.params import Params, param
from explainers._baselines import BASELINES, baseline_image
from explainers.metrics._registry import Measured, Question, measure

SIDES = (0.1, 0.5)  # of the picture


@dataclass(frozen=True)
class InfidelityParams(Params):
    """How many squares, and what they fade into."""

    squares: int = param(63, "Random squares, one at a time.", low=8, high=1023, step=1)
    fill: str = param("blurred", "What they fade into.", choices=BASELINES)


@measure(
    name="Infidelity",
    unit="of the squared drops",
    better="lower",
    reference="arXiv:1901.09392",
    passes=lambda params, _shape: 1 + params.squares,
)
def infidelity(question: Question, params: InfidelityParams, rng: torch.Generator) -> Measured:
    """The share of the drops of the logit that the heat does not foretell, after optimal scaling, in [0, 1]."""
    shape = question.heat.shape
    covers = [torch.zeros(shape), *(_square(shape, rng) for _ in range(params.squares))]
    faded = baseline_image(params.fill, question.x)
    logits = np.array(question.logits(question.x.lerp(faded, cover) for cover in covers))
    foretold = np.array([(cover * question.heat).sum(dtype=torch.float64).item() for cover in covers])
    return Measured(unexplained(foretold, logits[0] - logits))


def unexplained(foretold: npt.NDArray[np.float64], true: npt.NDArray[np.float64]) -> float:
    """min over b >= 0 of mean((b * foretold - true)**2) / mean(true**2); nan where nothing happened."""
    happened, claimed = float(true @ true), float(foretold @ foretold)
    if happened == 0:
        return math.nan
    return 1.0 if claimed == 0 else 1 - max(0.0, float(foretold @ true)) ** 2 / (claimed * happened)


def _square(shape: torch.Size, rng: torch.Generator) -> Tensor:
    """(h, w) how far each pixel fades: by a random share in a random square, by nothing elsewhere."""
    size, top, left, share = torch.rand(4, generator=rng).tolist()
    side = round((SIDES[0] + size * (SIDES[1] - SIDES[0])) * shape[0])
    row, column = (int(place * (length - side + 1)) for place, length in zip((top, left), shape, strict=True))
    cover = torch.zeros(shape)
    cover[row : row + side, column : column + side] = share
    return cover
