"""Comparing two maps by their order alone, so that neither unit nor scale matters."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from core.values import Floats

NOTHING = 1e-12  # values that differ by no more are equal


def rank_correlation(before: Floats, after: Floats) -> float:
    """Spearman's rho of the raw (signed) values in [-1, 1]; ties get their mean rank; nan where a map is constant.

    Used for maps by Adebayo et al. 2018, Sanity checks for saliency maps, arXiv:1810.03292.
    """
    if is_constant(before) or is_constant(after):
        return math.nan
    return float(np.corrcoef(mean_ranks(before), mean_ranks(after))[0, 1])


def mean_ranks(values: Floats) -> npt.NDArray[np.float64]:
    """The rank of each value from 1, in one row; equal values get the mean of the ranks that they take up."""
    _, place, count = np.unique(values.ravel(), return_inverse=True, return_counts=True)
    ranks: npt.NDArray[np.float64] = (count.cumsum() - (count - 1) / 2)[place]
    return ranks


def is_constant(heat: Floats) -> bool:
    """Whether all values are equal: a map without evidence, or without any preference."""
    return bool(np.ptp(heat) <= NOTHING)
