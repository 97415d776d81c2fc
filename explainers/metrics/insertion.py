"""**What it is.** The model starts from the blurred picture and gets the true pixels back, those with the most heat
first; it is asked again after each portion. The score is the mean logit on the way, from the blurred picture to the
whole one.

**What it guarantees.** Every value is an experiment. The higher the score, the fewer pixels were enough to bring the
logit up, so the more the map marked first what carries it.

**When to distrust it.** Half-restored pictures are none that the model has learned from. Where the blurred picture
alone scores high, any map does well: compare with the random map. Maps in one piece do better than scattered ones of
the same evidence, since a few single pixels show the model no structure.

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
class InsertionParams(Params):
    """In how many portions, and what the picture is before."""

    portions: int = param(24, "Portions in which the pixels are put back.", low=4, high=224, step=1)
    start: str = param("blurred", "The picture before any is put back.", choices=BASELINES)


@measure(
    name="Insertion",
    unit="logits",
    better="higher",
    reference="arXiv:1806.07421",
    passes=lambda params, _shape: params.portions + 1,
    axes=("share of pixels put back", "logit"),
)
def insertion(question: Question, params: InsertionParams, rng: torch.Generator) -> Measured:
    """The mean logit while the pixels with the most heat are put back, and the curve of it."""
    start = torch.where(question.visible, baseline_image(params.start, question.x), question.x)
    return walk(question, start, question.x, params.portions, rng)
