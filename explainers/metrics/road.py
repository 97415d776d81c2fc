"""**What it is.** The pixels with the most heat are removed, from a tenth of the picture up to nine tenths, and each
time the holes are filled smoothly from the pixels around them, with a little noise. The score is the mean logit over
these shares.

**What it guarantees.** The lower the score, the more the logit rested on what the map marked first. Filled like this,
the shape of the holes hardly shows, so a map can't do well by its outline alone, as it can when holes are black.

**When to distrust it.** Filling large holes blurs them: evidence that is large and smooth partly comes back, and what
is left are pictures that the model has not learned from. The score depends on the picture as much as on the map:
compare only maps of the same picture, and with the random map.

**Reference.** Rong, Leemann, Borisov, Kasneci, Kasneci 2022, *A consistent and efficient evaluation strategy for
attribution methods*, [arXiv:2202.00449](https://arxiv.org/abs/2202.00449); most relevant first, on logits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from core.params import Params, param
from explainers.metrics._order import first, order
from explainers.metrics._registry import Measured, Question, measure

if TYPE_CHECKING:
    from scipy import sparse  # a fifth of a second that only this measure needs

SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9)
NEIGHBORS = {(0, 1): 1 / 6, (1, 0): 1 / 6, (1, 1): 1 / 12, (1, -1): 1 / 12}  # the other four by symmetry


@dataclass(frozen=True)
class RoadParams(Params):
    """The noise in the filling."""

    noise: float = param(
        1.0, "Standard deviation of the noise in filled holes, of full scale.", low=0, high=20, step=0.5, unit="%"
    )


@measure(
    name="ROAD",
    unit="logits",
    better="lower",
    reference="arXiv:2202.00449",
    passes=lambda _params, _shape: len(SHARES),
    axes=("share of pixels removed", "logit"),
)
def road(question: Question, params: RoadParams, rng: torch.Generator) -> Measured:
    """The mean logit when the pixels with the most heat are removed and filled in, and the curve of it."""
    ranked, links = order(question, rng), linked(torch.from_numpy(question.model.card.input.visible))
    noise = params.noise / 100 * torch.randn(question.x.shape, generator=rng)

    def without(share: float) -> Tensor:
        holes = first(ranked, share, question.heat.shape)
        return torch.where(holes, filled(question.x, holes, links) + noise, question.x).clamp(0, 1)

    logits = question.logits(without(share) for share in SHARES)
    return Measured(float(np.mean(logits)), tuple(zip(SHARES, logits, strict=True)))


def linked(visible: Tensor) -> sparse.csr_array:
    """(h w, h w) the weights between neighbors that are both visible (h, w)."""
    from scipy import sparse

    numbers, seen = np.arange(visible.numel()).reshape(visible.shape), visible.numpy()
    height, width = visible.shape
    links = sparse.csr_array((visible.numel(), visible.numel()))
    for (down, right), weight in NEIGHBORS.items():
        here = slice(0, height - down), slice(max(0, -right), width - max(0, right))
        there = slice(down, height), slice(max(0, right), width + min(0, right))
        both = seen[here] & seen[there]
        pairs = numbers[here][both], numbers[there][both]
        links = links + sparse.coo_array((np.full(both.sum(), weight), pairs), shape=links.shape)
    return (links + links.T).tocsr()


def filled(x: Tensor, holes: Tensor, links: sparse.csr_array) -> Tensor:
    """x (1, C, h, w) where each pixel in holes (h, w) is the weighted mean of its neighbors, holes among them."""
    from scipy import sparse
    from scipy.sparse.linalg import splu

    flat, missing = x[0].flatten(1).T.numpy().astype(np.float64), holes.flatten().numpy()
    system = (sparse.diags_array(links.sum(axis=1)) - links)[missing]
    values = flat.copy()
    values[missing] = splu(system[:, missing].tocsc()).solve(-(system[:, ~missing] @ flat[~missing]))
    return torch.from_numpy(values.T.astype(np.float32)).view(x.shape)
