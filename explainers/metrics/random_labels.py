"""**What it is.** A second network of the same kind was trained on pictures of the same kind, but with labels drawn at
random, equally often with and without the finding, until it knew them by heart. The map is made again with that
network, and once more with its labels exchanged, since chance decided which of them is called the finding. The score
is how alike the maps are: the rank correlation, both without their sign, and of the two the larger.

**What it guarantees.** The second network has learned to tell pictures apart, by labels that have nothing to do with
the finding. What its map has in common with the map in question need not come from having learned the finding. Below
0.3 the map passes; from 0.6 it fails. These limits are those of the randomization check, and reached more easily here,
since the larger of two counts.

**When to distrust it.** To pass does not make a map right: a random map has 0. Where one thing stands out, such as a
mole on bare skin, both networks may look there, and a map that fails is not wrong for it: it only doesn't tell what
the model has learned. Maps of a few large cells are alike by chance more often than random pixels are. Both networks
started from the same weights, trained on everyday photographs, and share what they kept of these. The second was
trained in a simpler way than the model, and than in the paper: on fewer pictures, unchanged; and a counterfactual is
made at the threshold of the model, which is not its own. It is one network, from one draw of the labels. The check is
made with the standard models only: for the others no such network was trained.

**Reference.** Adebayo, Gilmer, Muelly, Goodfellow, Hardt, Kim 2018, *Sanity checks for saliency maps*,
[arXiv:1810.03292](https://arxiv.org/abs/1810.03292), there "data randomization test".
"""

from __future__ import annotations

import math
from contextlib import suppress

import torch

from core.errors import Unsupported
from core.params import Params
from explainers._randomized import with_random_labels
from explainers.metrics._registry import Measured, Question, measure


@measure(
    name="Random-label check",
    unit="rank correlation",
    better="lower",
    reference="arXiv:1810.03292",
    maps=lambda _params: 2,
    needs=("random labels",),
)
def random_labels(question: Question, params: Params, rng: torch.Generator) -> Measured:
    """The rank correlation of |heat| with the map of the network that learned random labels, or with these exchanged,
    whichever is larger; nan where both maps are the same everywhere, or the method finds none."""
    found = []
    for exchanged in (False, True):
        with suppress(Unsupported):
            (heat,) = question.again(with_random_labels(question.model, exchanged=exchanged), question.x)
            found.append(question.likeness(heat))
    return Measured(max((value for value in found if not math.isnan(value)), default=math.nan))
