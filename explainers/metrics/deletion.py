"""**What it is.** Pixels are replaced by the blurred picture, those with the most heat first, and the model is asked
again after each portion. The score is the mean logit on the way, from the whole picture to the blurred one.

**What it guarantees.** Every value is an experiment. The lower the score, the sooner the logit falls, so the more it
rested on what the map marked first.

**When to distrust it.** Half-replaced pictures are none that the model has learned from; a map of scattered pixels
breaks the picture faster than one of the same evidence in one piece. Compare with the random map, and with ROAD.

**Reference.** Petsiuk, Das, Saenko 2018, *RISE: randomized input sampling for explanation of black-box models*,
[arXiv:1806.07421](https://arxiv.org/abs/1806.07421); on logits, so that a saturated probability hides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from core.params import Params, param
from explainers._baselines import BASELINES, baseline_image
from explainers.metrics._order import walk
from explainers.metrics._registry import Measured, Question, measure


@dataclass(frozen=True)
class DeletionParams(Params):
    """In how many portions, and what replaces a pixel."""

    portions: int = param(24, "Portions in which the pixels are replaced.", low=4, high=224, step=1)
    fill: str = param("blurred", "What replaces them.", choices=BASELINES)


@measure(
    name="Deletion",
    unit="logits",
    better="lower",
    reference="arXiv:1806.07421",
    passes=lambda params, _shape: params.portions + 1,
    axes=("share of pixels replaced", "logit"),
)
def deletion(question: Question, params: DeletionParams, rng: torch.Generator) -> Measured:
    """The mean logit while the pixels with the most heat are replaced, and the curve of it."""
    return walk(question, question.x, baseline_image(params.fill, question.x), params.portions, rng)
