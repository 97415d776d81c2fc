"""Known answers of the curves of a model page."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import average_precision_score, confusion_matrix, precision_recall_curve, roc_curve

from core.errors import InputError
from model_zoo import curves, measures


def examples(n: int, decimals: int = 8) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities, truth, and groups of one example each."""
    rng = np.random.default_rng(5)
    truth = rng.random(n) < 0.4
    probabilities = 1 / (1 + np.exp(-rng.normal(2 * truth - 1, 1.5)))
    return np.round(probabilities, decimals), truth, np.arange(n)


def width(curve: curves.Curve) -> float:
    return float((curve.high - curve.low).mean())


@pytest.mark.parametrize("decimals", [1, 8])
def test_roc_takes_the_best_affordable_point_of_scikit_learn(decimals: int) -> None:
    probabilities, truth, groups = examples(200, decimals)
    false_positives, sensitivities, _ = roc_curve(truth, probabilities, drop_intermediate=False)
    curve = curves.roc(probabilities, truth, groups)
    expected = [sensitivities[false_positives <= x].max() for x in curve.x]
    assert curve.y == pytest.approx(np.array(expected))
    assert (curve.x[0], curve.x[-1], curve.y[-1]) == (0, 1, 1)
    assert (np.diff(curve.y) >= 0).all()


def test_roc_by_hand() -> None:
    scores, truth = np.array([4.0, 3.0, 2.0, 1.0]), np.array([True, False, True, False])
    curve = curves.roc(scores, truth, list("abcd"))
    assert curve.y[curve.x < 0.5] == pytest.approx(0.5)
    assert curve.y[curve.x >= 0.5] == pytest.approx(1)


@pytest.mark.parametrize("decimals", [1, 8])
def test_precision_recall_steps_through_the_points_of_scikit_learn(decimals: int) -> None:
    probabilities, truth, groups = examples(200, decimals)
    precisions, recalls, _ = precision_recall_curve(truth, probabilities)
    curve = curves.precision_recall(probabilities, truth, groups)
    reached = [recalls[recalls >= x].min() for x in curve.x]
    expected = [precisions[recalls == recall].max() for recall in reached]
    assert curve.y == pytest.approx(np.array(expected))


def test_area_under_precision_recall_is_average_precision() -> None:
    probabilities, _, groups = examples(300)
    truth = np.zeros(300, dtype=bool)
    truth[np.argsort(probabilities + np.random.default_rng(0).normal(0, 0.3, 300))[-100:]] = True
    curve = curves.precision_recall(probabilities, truth, groups)
    assert curve.y.mean() == pytest.approx(average_precision_score(truth, probabilities), abs=1e-12)


@pytest.mark.parametrize("draw", [curves.roc, curves.precision_recall, curves.reliability])
def test_bands_hold_the_curve_and_narrow_with_n(draw) -> None:
    few, many = draw(*examples(100)), draw(*examples(900))
    for curve in (few, many):
        assert curve.x.shape == curve.y.shape == curve.low.shape == curve.high.shape
        assert (curve.low <= curve.y).all()
        assert (curve.y <= curve.high).all()
    assert width(few) > 1.8 * width(many)


@pytest.mark.parametrize("draw", [curves.roc, curves.precision_recall, curves.reliability])
def test_bands_widen_when_pictures_of_a_group_agree(draw) -> None:
    probabilities, truth, groups = examples(150)
    alone = draw(probabilities, truth, groups)
    copies = draw(np.repeat(probabilities, 4), np.repeat(truth, 4), np.repeat(groups, 4))
    pretended = draw(np.repeat(probabilities, 4), np.repeat(truth, 4), np.arange(600))
    assert width(copies) == pytest.approx(width(alone), rel=0.05)
    assert width(copies) > 1.6 * width(pretended)


def test_bands_leave_out_resamples_without_a_class() -> None:
    scores, truth = np.array([0.1, 0.2, 0.3, 0.25]), np.array([False, False, False, True])
    assert np.isfinite(curves.roc(scores, truth, list("abcd")).low).all()
    assert np.isfinite(curves.precision_recall(scores, truth, list("abcd")).low).all()


def test_curves_refuse_one_class() -> None:
    scores, none = np.array([0.1, 0.2]), np.zeros(2, dtype=bool)
    for truth in (none, ~none):
        with pytest.raises(InputError, match="one class"):
            curves.roc(scores, truth, list("ab"))
    with pytest.raises(InputError, match="finding"):
        curves.precision_recall(scores, none, list("ab"))
    assert curves.precision_recall(scores, ~none, list("ab")).y == pytest.approx(1)


def test_reliability_agrees_with_scikit_learn() -> None:
    probabilities, truth, groups = examples(500)
    observed, predicted = calibration_curve(truth, probabilities, n_bins=10, strategy="quantile")
    curve = curves.reliability(probabilities, truth, groups)
    assert curve.x == pytest.approx(predicted)
    assert curve.y == pytest.approx(observed)
    assert curve.counts.tolist() == [50] * 10
    assert (curve.counts * np.abs(curve.x - curve.y)).sum() / 500 == pytest.approx(measures.ece(probabilities, truth))


def test_reliability_never_parts_equal_probabilities() -> None:
    probabilities = np.array([0.2] * 30 + [0.7] * 10)
    truth = np.arange(40) % 5 == 0
    curve = curves.reliability(probabilities, truth, np.arange(40))
    assert curve.x == pytest.approx(np.array([0.2, 0.7]))
    assert curve.y == pytest.approx(np.array([0.2, 0.2]))
    assert curve.counts.tolist() == [30, 10]


def test_reliability_of_a_bin_of_one_answer_has_wilsons_interval() -> None:
    probabilities, truth = np.arange(20) / 20, np.arange(20) >= 10
    curve = curves.reliability(probabilities, truth, np.arange(20), bins=2)
    assert curve.high[0] == pytest.approx(1 - curve.low[1])
    assert (curve.low[0], curve.high[0]) == measures.rate_interval(truth[:10], np.arange(10))
    assert curve.high[0] > 0.2


def test_confusion_agrees_with_scikit_learn_and_counts_of_a_hundred() -> None:
    probabilities, truth, groups = examples(200)
    called = probabilities >= 0.5
    table = curves.confusion(called, truth, groups)
    assert [[table.tn, table.fp], [table.fn, table.tp]] == confusion_matrix(truth, called).tolist()
    flagged, wrongly = table.flagged_per_hundred, table.wrongly_flagged_per_hundred
    assert flagged.value == pytest.approx(100 * measures.sensitivity(called, truth))
    assert wrongly.value == pytest.approx(100 * (1 - measures.specificity(called, truth)))
    assert (flagged.n, wrongly.n) == (truth.sum(), (~truth).sum())
    for score in (flagged, wrongly):
        assert score.interval is not None
        assert 0 <= score.interval[0] < score.value < score.interval[1] <= 100


def test_confusion_without_errors_does_not_claim_certainty() -> None:
    truth = np.arange(24) < 12
    table = curves.confusion(truth, truth, np.arange(24))
    assert (table.tp, table.fn, table.fp, table.tn) == (12, 0, 0, 12)
    assert table.flagged_per_hundred.interval == pytest.approx((75.75, 100), abs=0.01)
    assert table.wrongly_flagged_per_hundred.interval == pytest.approx((0, 24.25), abs=0.01)


def test_confusion_of_one_class_leaves_the_other_rate_undefined() -> None:
    table = curves.confusion(np.array([True, False]), np.ones(2, dtype=bool), list("ab"))
    assert table.flagged_per_hundred.value == 50
    assert np.isnan(table.wrongly_flagged_per_hundred.value)
    assert np.isnan(table.wrongly_flagged_per_hundred.interval).all()
