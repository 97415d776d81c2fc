"""Whether several maps of one case agree, by the order of their pixels alone: methods have no unit in common.

Values are ranked as given: in a signed map evidence against stands last, while a map without sign has it among the
first. Where both kinds are compared, give the magnitudes of all. A map that is the same everywhere has no order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from core.values import Floats, Mask
from explainers.metrics import is_constant, mean_ranks


def rank_matrix(heats: Sequence[Floats], visible: Mask) -> npt.NDArray[np.float64]:
    """(n, n) Spearman's rank correlation of each pair of n maps (h, w) over the visible (h, w) pixels; nan in the rows
    and columns of maps that are the same everywhere there."""
    ranked = ranks(heats, visible)
    centered = ranked - ranked.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(centered, axis=1)
    matrix: npt.NDArray[np.float64] = (centered @ centered.T / np.outer(lengths, lengths)).clip(-1, 1)
    return matrix


def consensus(heats: Sequence[Floats], visible: Mask) -> tuple[Floats, Floats]:
    """(mean, disagreement), each (h, w): the mean of the ranks that the maps give a pixel, in [0, 1], and their
    standard deviation, in [0, 0.5].

    Maps that are the same everywhere have no say; where all are, both are nan. Both are 0 outside the visible pixels.
    """
    ranked = ranks(heats, visible)
    ranked = ranked[~np.isnan(ranked).any(axis=1)]
    mean, disagreement = np.zeros(visible.shape, np.float32), np.zeros(visible.shape, np.float32)
    mean[visible] = ranked.mean(axis=0) if len(ranked) else np.nan
    disagreement[visible] = ranked.std(axis=0) if len(ranked) else np.nan
    return mean, disagreement


def ranks(heats: Sequence[Floats], visible: Mask) -> npt.NDArray[np.float64]:
    """(n, p) the ranks of the p visible pixels in each map, from 0 for the least heat to 1 for the most; ties get their
    mean rank, and maps that are the same everywhere nan."""
    rows = [heat[visible] for heat in heats]
    last = max(1, int(visible.sum()) - 1)
    return np.stack([np.full(row.shape, np.nan) if is_constant(row) else (mean_ranks(row) - 1) / last for row in rows])
