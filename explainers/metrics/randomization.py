"""**What it is.** The layers of the network get random weights, first the output layer, then more and more of them from
the output down to the input, and each time the map is made again. The curve shows how alike it stays to the map in
question: the rank correlation of the two, both without their sign. The score is the last point, with all layers random.

**What it guarantees.** A network of random weights knows nothing. A map that stays the same does not depend on what
the model has learned, so it can't explain it. Below 0.3 the map passes; from 0.6 it fails; between the two, a good part
of it comes from the picture and the method alone. These limits are those of this program, not of the paper.

**When to distrust it.** To pass does not make a map right: a random map has 0. Where all maps of a method are smooth or
follow the brightness of the picture, some similarity is left without any fault. One random draw of the weights is
tried; another seed moves the score a little.

**Reference.** Adebayo, Gilmer, Muelly, Goodfellow, Hardt, Kim 2018, *Sanity checks for saliency maps*,
[arXiv:1810.03292](https://arxiv.org/abs/1810.03292), there "cascading randomization".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from core.params import Params, param
from explainers._randomized import layers_of, with_random_weights
from explainers.metrics._registry import Measured, Question, measure

PASSES, FAILS = 0.3, 0.6


@dataclass(frozen=True)
class RandomizationParams(Params):
    """How many points the curve has."""

    stages: int = param(5, "Networks, from one random layer to all of them.", low=2, high=16, step=1)


@measure(
    name="Randomization check",
    unit="rank correlation",
    better="lower",
    reference="arXiv:1810.03292",
    maps=lambda params: params.stages,
    needs=("module tree",),
    axes=("layers with random weights, from the output", "rank correlation"),
)
def randomization(question: Question, params: RandomizationParams, rng: torch.Generator) -> Measured:
    """The rank correlation of |heat| with that of a network whose layers are all random, and the curve on the way;
    nan where that map is the same everywhere."""
    seed = int(torch.randint(2**31, (1,), generator=rng))
    layers = len(layers_of(question.model.network))
    curve = [(0.0, 1.0)]
    for count in sorted({round(count) for count in np.geomspace(1, layers, params.stages)}):
        (heat,) = question.again(with_random_weights(question.model, count, seed), question.x)
        curve.append((float(count), question.likeness(heat)))
    return Measured(curve[-1][1], tuple(curve))
