"""Known answers of the numbers on a card."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    roc_auc_score,
)

from core.errors import InputError, ParameterError
from model_zoo import measures

Reference: TypeAlias = Callable[..., float]

EXAMPLES = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=2, max_size=40)


def tied_examples(decimals: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """200 probabilities, many of them equal, and their truth."""
    rng = np.random.default_rng(0)
    truth = rng.random(200) < 0.3
    return np.round(1 / (1 + np.exp(-rng.normal(truth, 1.0))), decimals), truth


def arrays(examples: list[tuple[int, bool]]) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and truth, of both classes."""
    probabilities, truth = np.array([p / 20 for p, _ in examples]), np.array([present for _, present in examples])
    assume(truth.any() and not truth.all())
    return probabilities, truth


@pytest.mark.parametrize(
    ("measure", "reference"),
    [
        (measures.auroc, roc_auc_score),
        (measures.average_precision, average_precision_score),
        (measures.brier, brier_score_loss),
    ],
)
@pytest.mark.parametrize("decimals", [1, 8])
def test_measures_of_probabilities_agree_with_scikit_learn(
    measure: measures.Measure, reference: Reference, decimals: int
) -> None:
    probabilities, truth = tied_examples(decimals)
    assert measure(probabilities, truth) == pytest.approx(reference(truth, probabilities), abs=1e-12)


@pytest.mark.parametrize(
    ("measure", "reference"),
    [(measures.accuracy, accuracy_score), (measures.balanced_accuracy, balanced_accuracy_score)],
)
def test_measures_of_decisions_agree_with_scikit_learn(measure: measures.Measure, reference: Reference) -> None:
    probabilities, truth = tied_examples()
    called = probabilities >= 0.5
    assert measure(called, truth) == pytest.approx(reference(truth, called), abs=1e-12)


@given(EXAMPLES, st.randoms(use_true_random=False))
def test_the_order_of_the_examples_does_not_matter(examples: list[tuple[int, bool]], random: Random) -> None:
    probabilities, truth = arrays(examples)
    order = random.sample(range(len(truth)), len(truth))
    for measure in (measures.auroc, measures.average_precision, measures.brier, measures.ece):
        assert measure(probabilities[order], truth[order]) == pytest.approx(measure(probabilities, truth), abs=1e-12)


@given(EXAMPLES)
def test_auroc_only_reads_the_order_of_scores_and_mirrors(examples: list[tuple[int, bool]]) -> None:
    scores, truth = arrays(examples)
    value = measures.auroc(scores, truth)
    assert measures.auroc(np.exp(5 * scores) - 7, truth) == value
    assert measures.auroc(-scores, truth) == pytest.approx(1 - value, abs=1e-12)


def test_measures_that_need_a_class_are_undefined_without_it() -> None:
    scores, all_positive = np.arange(3.0), np.ones(3, dtype=bool)
    assert np.isnan(measures.auroc(scores, all_positive))
    assert np.isnan(measures.balanced_accuracy(scores > 1, all_positive))
    assert np.isnan(measures.average_precision(scores, ~all_positive))


def test_average_precision_by_hand() -> None:
    found = measures.average_precision(np.array([0.9, 0.8, 0.7, 0.1]), np.array([True, False, True, False]))
    assert found == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_brier_by_hand() -> None:
    assert measures.brier(np.array([0.9, 0.2]), np.array([True, False])) == pytest.approx((0.01 + 0.04) / 2)


def test_ece_by_hand() -> None:
    probabilities = np.array([0.9, 0.1, 0.7, 0.3])
    truth = np.array([True, False, False, True])
    assert measures.ece(probabilities, truth, bins=2) == pytest.approx(0.5 * abs(0.2 - 0.5) + 0.5 * abs(0.8 - 0.5))


def test_ece_falls_when_probabilities_are_calibrated() -> None:
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 2, 20_000)
    truth = rng.random(len(logits)) < 1 / (1 + np.exp(-logits))
    assert measures.ece(1 / (1 + np.exp(-logits)), truth) < 0.01
    assert measures.ece(1 / (1 + np.exp(-3 * logits)), truth) > 0.1


@given(EXAMPLES, st.integers(1, 12))
def test_bins_rise_and_never_part_equal_probabilities(examples: list[tuple[int, bool]], bins: int) -> None:
    probabilities = np.sort([p / 20 for p, _ in examples])
    bin_of = measures.equal_mass_bins(probabilities, bins)
    assert bin_of.min() == 0
    assert bin_of.max() < bins
    assert (np.diff(bin_of) >= 0).all()
    assert (np.diff(bin_of)[np.diff(probabilities) == 0] == 0).all()


def test_bins_hold_equally_many_distinct_probabilities() -> None:
    bin_of = measures.equal_mass_bins(np.random.default_rng(0).permutation(100) / 100, 10)
    assert np.bincount(bin_of).tolist() == [10] * 10


def test_youden_threshold_separates_what_can_be_separated() -> None:
    probabilities = np.array([0.1, 0.2, 0.3, 0.7, 0.8])
    threshold = measures.youden_threshold(probabilities, np.array([False, False, False, True, True]))
    assert threshold == pytest.approx(0.5)


@given(EXAMPLES)
def test_no_threshold_beats_that_of_youden(examples: list[tuple[int, bool]]) -> None:
    probabilities, truth = arrays(examples)
    best = measures.balanced_accuracy(probabilities >= measures.youden_threshold(probabilities, truth), truth)
    for threshold in np.linspace(0, 1, 41):
        assert measures.balanced_accuracy(probabilities >= threshold, truth) <= best + 1e-12


def test_screening_threshold_by_hand() -> None:
    probabilities, truth = np.array([0.1, 0.2, 0.3, 0.4, 0.9]), np.array([False, True, False, True, True])
    assert measures.screening_threshold(probabilities, truth, 1.0) == pytest.approx(0.15)
    assert measures.screening_threshold(probabilities, truth, 2 / 3) == pytest.approx(0.35)
    assert measures.screening_threshold(probabilities, truth, 0.1) == pytest.approx(0.65)
    assert measures.screening_threshold(probabilities[1:], truth[1:], 1.0) == pytest.approx(0.2)


@given(EXAMPLES, st.sampled_from([0.05, 0.5, 0.7, 0.9, 0.95, 1.0]))
def test_screening_threshold_is_the_highest_that_keeps_the_sensitivity(
    examples: list[tuple[int, bool]], wanted: float
) -> None:
    probabilities, truth = arrays(examples)
    threshold = measures.screening_threshold(probabilities, truth, wanted)
    assert measures.sensitivity(probabilities >= threshold, truth) >= wanted
    lowest_flagged = probabilities[probabilities >= threshold].min()
    assert measures.sensitivity(probabilities > lowest_flagged, truth) < wanted


def test_screening_threshold_counts_shares_of_the_positives_exactly() -> None:
    for positives in (20, 40, 100, 300):
        probabilities = np.arange(positives) / positives
        threshold = measures.screening_threshold(probabilities, np.ones(positives, dtype=bool), 0.95)
        assert (probabilities >= threshold).sum() == round(0.95 * positives)


def test_screening_threshold_refuses_what_it_cannot_promise() -> None:
    with pytest.raises(InputError, match="shows the finding"):
        measures.screening_threshold(np.array([0.1, 0.2]), np.zeros(2, dtype=bool))
    for sensitivity in (0.0, 1.01, float("nan")):
        with pytest.raises(ParameterError, match="sensitivity"):
            measures.screening_threshold(np.array([0.1, 0.2]), np.ones(2, dtype=bool), sensitivity)


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


def test_interval_draws_whole_groups() -> None:
    groups = np.array(["b", "a", "b", "c", "c", "c"])
    for indices in measures.resampled(groups, resamples=50):
        times = np.bincount(indices, minlength=6)
        assert times[0] == times[2]
        assert times[3] == times[4] == times[5]
        assert times[0] + times[1] + times[3] == 3


def test_interval_is_that_of_a_plain_loop_over_groups() -> None:
    probabilities, truth = tied_examples(8)
    group_of = np.arange(200) // 3
    rng = np.random.default_rng(7)
    members = [np.flatnonzero(group_of == group) for group in range(group_of.max() + 1)]
    values = []
    for _ in range(100):
        drawn = np.concatenate([members[group] for group in rng.integers(len(members), size=len(members))])
        values.append(roc_auc_score(truth[drawn], probabilities[drawn]))
    found = measures.interval(measures.auroc, probabilities, truth, group_of, seed=7, resamples=100)
    assert found == pytest.approx(np.quantile(values, [0.025, 0.975]), abs=1e-12)


@pytest.mark.parametrize(("n", "groups", "positives"), [(40, 3, 12), (200, 200, 1), (5000, 70, 2000)])
def test_many_resamples_at_once_are_those_of_a_loop(n: int, groups: int, positives: int) -> None:
    rng = np.random.default_rng(n + groups)
    scores, truth = np.round(rng.normal(size=n), 1), rng.permutation(n) < positives
    scores[:4] = np.inf
    group_of = rng.integers(groups, size=n).astype(str)
    loop = [measures.auroc(scores[drawn], truth[drawn]) for drawn in measures.resampled(group_of, 5, 101)]
    assert np.array_equal(measures._drawn_aurocs(scores, truth, group_of, 5, 101), loop, equal_nan=True)
    assert np.isnan(loop).any() == (positives == 1)


@pytest.mark.parametrize("measure", [measures.auroc, measures.average_precision, measures.brier])
def test_intervals_shrink_with_the_root_of_n(measure: measures.Measure) -> None:
    rng = np.random.default_rng(2)
    truth = rng.random(1600) < 0.4
    probabilities = 1 / (1 + np.exp(-rng.normal(2 * truth - 1, 1.5)))
    few, many = (
        np.diff(measures.interval(measure, probabilities[:n], truth[:n], np.arange(n), resamples=500))[0]
        for n in (100, 1600)
    )
    assert few == pytest.approx(4 * many, rel=0.35)


def test_interval_leaves_out_resamples_without_a_class() -> None:
    scores, truth = np.array([0.1, 0.2, 0.3, 0.15]), np.array([False, False, False, True])
    low, high = measures.interval(measures.auroc, scores, truth, list("abcd"))
    assert (low, high) == (0, 1)
    assert np.isnan(measures.interval(measures.auroc, scores[:3], truth[:3], list("abc"))).all()


def test_rate_interval_is_the_bootstrap_where_groups_differ() -> None:
    right = np.arange(400) < 300
    groups = [str(i // 4) for i in range(400)]
    around = measures.interval(measures.sensitivity, right, np.ones(400, dtype=bool), groups)
    assert measures.rate_interval(right, groups) == around


@pytest.mark.parametrize(("n", "low"), [(1, 0.2065), (12, 0.7575), (100, 0.9630)])
def test_rate_interval_of_all_right_is_that_of_wilson(n: int, low: float) -> None:
    right, groups = np.ones(n, dtype=bool), [str(i) for i in range(n)]
    assert measures.rate_interval(right, groups) == pytest.approx((low, 1), abs=1e-4)
    assert measures.rate_interval(~right, groups) == pytest.approx((0, 1 - low), abs=1e-4)


def test_rate_interval_counts_all_pictures_of_one_patient_as_one_observation() -> None:
    together = ["one"] * 12
    assert measures.rate_interval(np.ones(12, dtype=bool), together) == pytest.approx((0.2065, 1), abs=1e-4)
    half_right = measures.rate_interval(np.arange(12) < 6, together)
    assert half_right == pytest.approx((0.0546, 0.9454), abs=1e-4)


def test_rate_interval_of_nothing_is_undefined() -> None:
    assert np.isnan(measures.rate_interval(np.array([], dtype=bool), [])).all()
