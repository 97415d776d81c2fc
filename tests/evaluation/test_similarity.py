"""Known answers of each measure."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.values import Floats
from evaluation.similarity import (
    centroid_shift,
    explanation_change,
    map_ssim,
    strongest,
    top_overlap,
)
from explainers.metrics import rank_correlation
from tests.evaluation.results import attribution


def noise(seed: int, side: int = 64) -> Floats:
    return np.random.default_rng(seed).standard_normal((side, side)).astype(np.float32)


def blob(row: int, column: int, side: int = 64) -> Floats:
    rows, columns = np.mgrid[:side, :side]
    return np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 18).astype(np.float32)


def test_identical_maps() -> None:
    scores = explanation_change(attribution(noise(0)), attribution(noise(0)), (0.5, 0.5))
    values = {name: score.value for name, score in scores.items()}
    assert values == pytest.approx(
        {"rank_correlation": 1, "top_overlap": 1, "map_ssim": 1, "centroid_shift": 0, "centroid_shift_mm": 0}
    )


def test_unrelated_maps_overlap_by_chance() -> None:
    overlaps = [top_overlap(noise(seed), noise(seed + 100)) for seed in range(20)]
    assert np.mean(overlaps) == pytest.approx(0.1, abs=0.01)
    assert rank_correlation(noise(0), noise(1)) == pytest.approx(0, abs=0.05)


def test_ranks() -> None:
    heat = noise(0)
    assert rank_correlation(heat, -heat) == pytest.approx(-1)
    assert rank_correlation(heat, np.exp(heat)) == pytest.approx(1)
    assert rank_correlation(heat, 1000 * heat) == pytest.approx(1)
    tied, other = np.array([[1, 2], [2, 3]], dtype=np.float32), np.array([[1, 2], [3, 4]], dtype=np.float32)
    assert rank_correlation(tied, other) == pytest.approx(3 / math.sqrt(10))  # ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4


def test_overlap_counts_both_signs_and_no_zeros() -> None:
    heat = np.zeros((10, 10), dtype=np.float32)
    heat[0] = np.linspace(1, 2, 10)
    assert top_overlap(heat, -heat) == 1
    half_moved = np.zeros_like(heat)
    half_moved[0, :5] = half_moved[1, :5] = 1
    assert top_overlap(heat, half_moved) == 0.5
    sparse = np.zeros_like(heat)
    sparse[9, 0] = 1
    assert strongest(sparse).sum() == 1
    assert top_overlap(heat, sparse) == 0


def test_ties_at_the_edge_of_the_tenth_all_belong_to_it() -> None:
    heat = np.zeros((10, 10), dtype=np.float32)
    heat[:3] = 1
    assert strongest(heat).sum() == 30


def test_ssim_uses_the_scale_it_is_given() -> None:
    faint, strong = 0.01 * blob(20, 20), blob(20, 20)
    assert map_ssim(faint, 2 * faint, data_range=2.0) > 0.99
    assert map_ssim(faint, 2 * faint, data_range=0.02) < 0.97
    assert map_ssim(strong, blob(44, 44), data_range=1.0) < 0.9


def test_shift_of_a_blob() -> None:
    before, after = blob(20, 20), blob(23, 24)
    assert centroid_shift(before, after) == pytest.approx(5, abs=1e-3)
    assert centroid_shift(before, after, (2.0, 0.5)) == pytest.approx(math.hypot(6, 2), abs=1e-3)
    assert centroid_shift(-before, after) == pytest.approx(5, abs=1e-3)
    scores = explanation_change(attribution(before), attribution(after), (2.0, 0.5))
    assert (scores["centroid_shift"].unit, scores["centroid_shift_mm"].unit) == ("px", "mm")
    assert "centroid_shift_mm" not in explanation_change(attribution(before), attribution(after), None)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_constant_map_leaves_everything_undefined(value: float) -> None:
    flat = attribution(np.full((16, 16), value, dtype=np.float32))
    for pair in ((flat, attribution(noise(0, 16))), (attribution(noise(0, 16)), flat), (flat, flat)):
        assert all(math.isnan(score.value) for score in explanation_change(*pair, (1.0, 1.0)).values())
