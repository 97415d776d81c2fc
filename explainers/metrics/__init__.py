"""How far a map can be trusted: one file per measure, each with the scores of a random map and of a central blob."""

from explainers.metrics._assess import FREE_DRAWS, assess, central_blob, passes_of
from explainers.metrics._ranks import is_constant, mean_ranks, rank_correlation
from explainers.metrics._registry import GOODNESS, MEASURES, Measure, Measured, Question, measure

__all__ = [
    "FREE_DRAWS",
    "GOODNESS",
    "MEASURES",
    "Measure",
    "Measured",
    "Question",
    "assess",
    "central_blob",
    "is_constant",
    "mean_ranks",
    "measure",
    "passes_of",
    "rank_correlation",
]
