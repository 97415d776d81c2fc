r"""**What it is.** The picture is replaced by one that is close to it but has less total variation, the sum of all
differences between neighbors: $\min_u \tfrac12 \lVert u - x\rVert^2 + \lambda\,\mathrm{TV}(u)$. Fine patterns are
ironed out, large edges stay. In the survey's terms: *modifying the data*, input reconstruction.

**What it guarantees.** The same picture always gives the same result, whose mean brightness is that of the picture. An
even area stays as it is.

**When to distrust it.** Texture goes as well as noise, and faint gradual shadows turn into patches. The steps of the
search have an exact gradient: an attacker who knows the defense aims through all of them. The paper also leaves out
pixels at random; this is the smoothing alone. Compare the knowing attacker with the unknowing one.

**Reference.** Guo, Rana, Cisse, van der Maaten 2018, *Countering adversarial images using input transformations*,
[arXiv:1711.00117](https://arxiv.org/abs/1711.00117); the search: Chambolle 2004, *An algorithm for total variation
minimization and applications*,
[doi:10.1023/B:JMIV.0000011325.36760.1e](https://doi.org/10.1023/B:JMIV.0000011325.36760.1e). Broken by attackers who
know it: Athalye, Carlini, Wagner 2018, [arXiv:1802.00420](https://arxiv.org/abs/1802.00420).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from core.classifier import Classifier
from core.params import Params, param
from defenses._registry import Family, defense
from defenses._transforms import seen_through

TAU = 0.25  # step at which the search converges in two dimensions
TINY = 1e-12  # keeps the gradient of a length finite where it is zero


@dataclass(frozen=True)
class TotalVariationParams(Params):
    """How much is ironed out, and how thoroughly it is searched."""

    weight: float = param(0.03, "Lambda: how much less variation is worth.", low=0.001, high=1, step=0.005)
    steps: int = param(20, "Steps of the search.", low=1, high=200, step=1)


@defense(name="Total variation smoothing", family=Family.DATA, reference="arXiv:1711.00117")
def total_variation(model: Classifier, params: TotalVariationParams, rng: torch.Generator) -> Classifier:
    """The model on pictures of less total variation; the gradient is that of the search."""
    return seen_through(model, lambda x: smoothed(x, params.weight, params.steps))


def smoothed(x: Tensor, weight: float, steps: int) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same, with less variation, each channel on its own.

    The dual field (down, right) gets one projected step of length TAU after another.
    """
    down, right = torch.zeros_like(x), torch.zeros_like(x)
    for _ in range(steps):
        u = x + _divergence(down, right)
        by_row = functional.pad(u.diff(dim=2), (0, 0, 0, 1))
        by_column = functional.pad(u.diff(dim=3), (0, 1))
        length = (by_row.square() + by_column.square() + TINY).sqrt()
        shrink = 1 + TAU / weight * length
        down, right = (down + TAU * by_row) / shrink, (right + TAU * by_column) / shrink
    return (x + _divergence(down, right)).clamp(0, 1)


def _divergence(down: Tensor, right: Tensor) -> Tensor:
    """The negative adjoint of the forward differences."""
    above, left = functional.pad(down[:, :, :-1], (0, 0, 1, 0)), functional.pad(right[..., :-1], (1, 0))
    return down - above + right - left
