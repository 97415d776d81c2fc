"""What the score of a measure means, in a few words."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.values import Assessment, Attribution, Score
from evaluation.verdicts import CENTER, RANDOM, adds_up, overall, verdict


def assessment(
    measure: str, value: float, random: float = 1.0, center: float = 2.0, best: float | None = None
) -> Assessment:
    return Assessment(measure, {}, Score(value), Score(random), random if best is None else best, Score(center))


def test_a_map_has_to_beat_the_best_random_map_but_where_maps_hit_or_miss() -> None:
    assert verdict(assessment("insertion", 1.2, 1.0, 0.5, best=1.3)) == RANDOM
    assert verdict(assessment("insertion", 1.4, 1.0, 0.5, best=1.3)) == "better than both"
    assert verdict(assessment("deletion", 0.9, 1.0, 1.5, best=0.8)) == RANDOM
    assert verdict(assessment("pointing_game", 1.0, 0.2, 0.0, best=1.0)) == "better than both"
    assert verdict(assessment("edge_similarity", -0.7)) == "like an edge map"
    assert verdict(assessment("randomization", -0.7)) == "passes"


def test_the_limits_of_the_randomization_check() -> None:
    words = [verdict(assessment("randomization", score)) for score in (-0.2, 0.29, 0.3, 0.59, 0.6, 1, math.nan)]
    assert words == ["passes", "passes", "doubtful", "doubtful", "fails", "fails", "undefined"]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (assessment("insertion", 3.0), "better than both"),
        (assessment("insertion", 1.5), CENTER),
        (assessment("insertion", 1.004), RANDOM),
        (assessment("deletion", 0.5), "better than both"),
        (assessment("deletion", 1.5), RANDOM),
        (assessment("max_sensitivity", 0.5, 1.4, 0.0), "better than a random map"),
        (assessment("randomization", 0.29), "passes"),
        (assessment("randomization", 0.3), "doubtful"),
        (assessment("randomization", 0.6), "fails"),
        (assessment("random_labels", 0.29), "passes"),
        (assessment("random_labels", 0.3), "doubtful"),
        (assessment("random_labels", 0.6), "fails"),
        (assessment("edge_similarity", 0.7), "like an edge map"),
        (assessment("road", math.nan), "undefined"),
    ],
    ids=lambda value: f"{value.measure} {value.score.value}" if isinstance(value, Assessment) else None,
)
def test_a_score_is_held_against_maps_that_know_nothing(found: Assessment, words: str) -> None:
    assert verdict(found) == words


@pytest.mark.parametrize(
    ("method", "residual", "words", "speaks"),
    [
        ("integrated_gradients", 0.0, "adds up, but for 0.0 %", True),
        ("integrated_gradients", -0.04, "adds up, but for 3.8 %", True),
        ("lrp", 0.4, "misses 67 %", False),
        ("lrp", 0.8, "misses over 100 %", False),
        ("lrp", None, "only a part of the map", None),
        ("saliency", None, "not promised by this method", None),
    ],
)
def test_what_a_map_must_add_up_to(method: str, residual: float | None, words: str, speaks: bool | None) -> None:
    """The heat is 1 in all."""
    heat = np.full((4, 4), 1 / 16, np.float32)
    made = Attribution(method, {}, 0, 0, heat, True, "logits", residual, 0.0)
    assert adds_up(made) == (words, speaks)


def test_all_verdicts_in_a_sentence() -> None:
    found = [assessment("insertion", 3.0), assessment("deletion", 1.5), assessment("randomization", 0.9)]
    assert overall(found).startswith("1 of 3 measures speaks for this map. It fails the randomization check")
    assert overall(found).endswith("No score proves that a map shows the true reason.")
    assert "random labels" not in overall([*found, assessment("random_labels", 0.5)])
    assert "It fails the random-label check" in overall([*found, assessment("random_labels", 0.6)])
