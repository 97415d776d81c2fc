"""**What it is.** Before each answer the picture is shrunk by a random amount and put at a random place on black, so
that an attacker does not know which pixel will meet which weight. In the survey's terms: *modifying the data*, by
chance.

**What it guarantees.** Nothing but that the same seed gives the same draws in the same order. The answer to the same
picture differs from one time to the next.

**When to distrust it.** Chance hides the gradient, it does not remove the weakness: an attacker who averages the
gradient over many draws (expectation over transformation) finds a change that works for most of them. Attack it with
averaging on before calling it a defense. A model that looks at absolute places, or that was not trained on shrunken
pictures, loses accuracy on clean pictures. Where a picture is near the threshold, its answer may flip by chance alone.

**Reference.** Xie, Wang, Zhang, Ren, Yuille 2018, *Mitigating adversarial effects through randomization*,
[arXiv:1711.01991](https://arxiv.org/abs/1711.01991). Broken by attackers who know it: Athalye, Carlini, Wagner 2018,
[arXiv:1802.00420](https://arxiv.org/abs/1802.00420).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from core.classifier import Classifier
from core.params import Params, param
from defenses._registry import Family, defense
from defenses._transforms import seen_through


@dataclass(frozen=True)
class RandomResizePadParams(Params):
    """How far the picture may shrink."""

    smallest: float = param(0.9, "Smallest side, as a share of the full one.", low=0.3, high=1, step=0.05)


@defense(name="Random resizing and padding", family=Family.DATA, reference="arXiv:1711.01991", random=True)
def random_resize_pad(model: Classifier, params: RandomResizePadParams, rng: torch.Generator) -> Classifier:
    """The model on pictures shrunk and moved at random, each for itself; the gradient is that of the draw. Its feature
    map lies elsewhere at each draw, so it offers none."""
    moved = seen_through(model, lambda x: torch.stack([_placed(picture, params.smallest, rng) for picture in x]))
    return dataclasses.replace(moved, cam_layer=None)


def _placed(picture: Tensor, smallest: float, rng: torch.Generator) -> Tensor:
    """(C, h, w) -> the same shape: resized to a random side from smallest to 1, on black."""
    height, width = picture.shape[1:]
    share, across, along = torch.rand(3, generator=rng).tolist()
    share = smallest + (1 - smallest) * share
    rows, columns = round(share * height), round(share * width)
    small = functional.interpolate(picture[None], (rows, columns), mode="bilinear", antialias=True)[0]
    top, left = int(across * (height - rows + 1)), int(along * (width - columns + 1))
    return functional.pad(small, (left, width - columns - left, top, height - rows - top)).clamp(0, 1)
