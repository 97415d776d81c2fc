"""Known answers of the numbers on a card."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from model_zoo import measures


def test_auroc_agrees_with_scikit_learn_also_with_ties() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random(200) < 0.3
    scores = np.round(rng.normal(truth, 1.0), 1)
    assert measures.auroc(scores, truth) == pytest.approx(roc_auc_score(truth, scores), abs=1e-12)


def test_auroc_of_one_class_is_undefined() -> None:
    assert np.isnan(measures.auroc(np.arange(3.0), np.ones(3, dtype=bool)))


def test_youden_threshold_separates_what_can_be_separated() -> None:
    probabilities = np.array([0.1, 0.2, 0.3, 0.7, 0.8])
    threshold = measures.youden_threshold(probabilities, np.array([False, False, False, True, True]))
    assert threshold == pytest.approx(0.5)


def test_sensitivity_and_specificity() -> None:
    called, truth = np.array([True, False, True, False]), np.array([True, True, True, False])
    assert measures.sensitivity(called, truth) == pytest.approx(2 / 3)
    assert measures.specificity(called, truth) == 1.0


@pytest.mark.parametrize(("temperature", "shift"), [(2.5, 0.0), (0.5, -0.7), (1.0, 1.5)])
def test_calibration_recovers_temperature_and_shift(temperature: float, shift: float) -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 3, 60_000)
    truth = rng.random(len(logits)) < 1 / (1 + np.exp(-(logits + shift) / temperature))
    found_temperature, found_shift = measures.calibration(logits, truth)
    assert found_temperature == pytest.approx(temperature, rel=0.05)
    assert found_shift == pytest.approx(shift, abs=0.08)


def test_interval_of_a_rate_is_that_of_the_binomial() -> None:
    called, truth = np.arange(400) < 300, np.ones(400, dtype=bool)
    low, high = measures.interval(measures.sensitivity, called, truth, [str(i) for i in range(400)])
    half = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert low == pytest.approx(0.75 - half, abs=0.006)
    assert high == pytest.approx(0.75 + half, abs=0.006)


def test_interval_widens_when_pictures_of_a_group_agree() -> None:
    called, truth = np.arange(400) < 300, np.ones(400, dtype=bool)
    alone = measures.interval(measures.sensitivity, called, truth, [str(i) for i in range(400)])
    grouped = measures.interval(measures.sensitivity, called, truth, [str(i // 4) for i in range(400)])
    assert grouped[1] - grouped[0] == pytest.approx(2 * (alone[1] - alone[0]), rel=0.15)
