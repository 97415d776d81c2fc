"""Whether several maps of one case agree, by the order of their pixels alone: methods have no unit in common.

Values are ranked as given, so that in a signed map evidence against stands last. Of some methods only the magnitude
tells how much a place counts (explainers.Explainer.magnitude): with these, others are compared by magnitude as well. A
map that is the same everywhere has no order.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from core.values import Floats, Mask
from explainers.metrics import is_constant, mean_ranks

CHANCE_DRAWS = 100_000
Matrix: TypeAlias = npt.NDArray[np.float64]


def rank_matrix(heats: Sequence[Floats], visible: Mask, by_magnitude: Sequence[bool] = ()) -> Matrix:
    """(n, n) Spearman's rank correlation of each pair of n maps (h, w) over the visible (h, w) pixels; nan in the rows
    and columns of maps that are the same everywhere there. A pair with a map that counts by magnitude, as n bools may
    say, is compared by the magnitudes of both."""
    matrix = _correlations(ranks(heats, visible))
    if any(by_magnitude):
        of_magnitudes = _correlations(ranks([np.abs(heat) for heat in heats], visible))
        matrix = np.where(np.logical_or.outer(by_magnitude, by_magnitude), of_magnitudes, matrix)
    return matrix


def consensus(heats: Sequence[Floats], visible: Mask, by_magnitude: Sequence[bool] = ()) -> tuple[Floats, Floats]:
    """(mean, disagreement), each (h, w): the mean of the ranks that the maps give a pixel, in [0, 1], and their
    standard deviation, in [0, 0.5]; ranks of the magnitudes of all if one of the maps counts by magnitude.

    Maps that are the same everywhere have no say; where all are, both are nan. Both are 0 outside the visible pixels.
    """
    ranked = ranks([np.abs(heat) for heat in heats] if any(by_magnitude) else heats, visible)
    ranked = ranked[~np.isnan(ranked).any(axis=1)]
    mean, disagreement = np.zeros(visible.shape, np.float32), np.zeros(visible.shape, np.float32)
    mean[visible] = ranked.mean(axis=0) if len(ranked) else np.nan
    disagreement[visible] = ranked.std(axis=0) if len(ranked) else np.nan
    return mean, disagreement


@cache
def chance_disagreement(maps: int) -> float:
    """The mean disagreement of so many maps that have nothing in common: 1/6 for two, 0.29 for very many; drawn."""
    return float(np.random.default_rng(0).random((maps, CHANCE_DRAWS)).std(axis=0).mean())


def _correlations(ranked: Matrix) -> Matrix:
    centered = ranked - ranked.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(centered, axis=1)
    matrix: Matrix = (centered @ centered.T / np.outer(lengths, lengths)).clip(-1, 1)
    return matrix


def ranks(heats: Sequence[Floats], visible: Mask) -> Matrix:
    """(n, p) the ranks of the p visible pixels in each map, from 0 for the least heat to 1 for the most; ties get their
    mean rank, and maps that are the same everywhere nan."""
    rows = [heat[visible] for heat in heats]
    last = max(1, int(visible.sum()) - 1)
    return np.stack([np.full(row.shape, np.nan) if is_constant(row) else (mean_ranks(row) - 1) / last for row in rows])
