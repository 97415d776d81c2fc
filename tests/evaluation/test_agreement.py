"""Rank correlations, consensus and disagreement of maps known by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from core.values import Floats, Mask
from evaluation.agreement import chance_disagreement, consensus, rank_matrix
from explainers.metrics import rank_correlation

EVERYWHERE = np.ones((2, 2), np.bool_)
RISING = np.array([[1, 2], [3, 4]], np.float32)


def noise(seed: int) -> Floats:
    return np.random.default_rng(seed).standard_normal((8, 8)).astype(np.float32)


def test_the_matrix_is_that_of_spearman() -> None:
    everywhere = np.ones((8, 8), np.bool_)
    heats = [noise(0), noise(1), noise(0) + noise(1), noise(2).round()]
    matrix = rank_matrix(heats, everywhere)
    wanted = spearmanr(np.stack([heat.ravel() for heat in heats]), axis=1).statistic
    np.testing.assert_allclose(matrix, wanted, atol=1e-12)
    np.testing.assert_allclose(matrix[0, 2], rank_correlation(heats[0], heats[2]))


def test_unit_and_scale_play_no_part() -> None:
    heats = [RISING, np.exp(1000 * RISING / 100), -RISING]
    np.testing.assert_allclose(rank_matrix(heats, EVERYWHERE), [[1, 1, -1], [1, 1, -1], [-1, -1, 1]])
    assert rank_matrix([RISING], EVERYWHERE) == pytest.approx(np.ones((1, 1)))


def test_a_constant_map_has_no_correlation_and_no_say() -> None:
    flat = np.full((2, 2), 7, np.float32)
    matrix = rank_matrix([RISING, flat, -RISING], EVERYWHERE)
    np.testing.assert_allclose(matrix, [[1, np.nan, -1], [np.nan] * 3, [-1, np.nan, 1]])
    mean, disagreement = consensus([RISING, flat], EVERYWHERE)
    np.testing.assert_allclose(mean, (RISING - 1) / 3)
    assert not disagreement.any()
    assert all(np.isnan(made).all() for made in consensus([flat, flat], EVERYWHERE))


def test_consensus_by_hand() -> None:
    tied = np.array([[0, 0], [0, 1]], np.float32)
    mean, disagreement = consensus([RISING, tied], EVERYWHERE)
    np.testing.assert_allclose(mean, np.array([[1 / 6, 1 / 3], [1 / 2, 1]]))  # of 0, 1, 2, 3 and 1, 1, 1, 3, over 3
    np.testing.assert_allclose(disagreement, np.array([[1 / 6, 0], [1 / 6, 0]]), atol=1e-7)
    assert (mean.dtype, disagreement.dtype) == (np.float32, np.float32)
    mean, disagreement = consensus([RISING, -RISING], EVERYWHERE)
    np.testing.assert_allclose(mean, 0.5)
    np.testing.assert_allclose(disagreement, np.array([[1 / 2, 1 / 6], [1 / 6, 1 / 2]]), atol=1e-7)


def test_with_a_map_that_counts_by_magnitude_others_do_so_too() -> None:
    signed = np.array([[-4, -1], [2, 3]], np.float32)
    size, other = np.abs(signed), -signed
    matrix = rank_matrix([signed, size, other], EVERYWHERE, [False, True, False])
    np.testing.assert_allclose(matrix, [[1, 1, -1], [1, 1, 1], [-1, 1, 1]])
    mean, disagreement = consensus([signed, size], EVERYWHERE, [False, True])
    np.testing.assert_allclose(mean, np.array([[1, 0], [1 / 3, 2 / 3]]), atol=1e-7)
    assert not disagreement.any()


def test_disagreement_by_chance_is_that_of_maps_that_have_nothing_in_common() -> None:
    assert chance_disagreement(2) == pytest.approx(1 / 6, abs=0.002)
    maps = [np.random.default_rng(seed).random((64, 64)).astype(np.float32) for seed in range(5)]
    _, disagreement = consensus(maps, np.ones((64, 64), np.bool_))
    assert disagreement.mean() == pytest.approx(chance_disagreement(5), abs=0.005)


def test_only_visible_pixels_count() -> None:
    visible: Mask = np.array([[True, True], [True, False]])
    spoiled = RISING.copy()
    spoiled[1, 1] = -100
    np.testing.assert_allclose(rank_matrix([RISING, spoiled], visible), np.ones((2, 2)))
    mean, disagreement = consensus([RISING, spoiled], visible)
    np.testing.assert_allclose(mean, [[0, 0.5], [1, 0]])
    assert not disagreement.any()
