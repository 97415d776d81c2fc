"""Known answers and the guarantee of conformal prediction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError, ParameterError
from model_zoo.conformal import Conformal

PROBABILITIES = st.lists(st.integers(0, 20).map(lambda p: p / 20), min_size=1, max_size=30)
COVERAGES = st.sampled_from([0.05, 0.5, 0.8, 0.9, 0.95])
HAND = Conformal.fit(
    [0.1, 0.2, 0.3, 0.6, 0.4, 0.7, 0.8, 0.9, 0.95],
    np.array([False] * 4 + [True] * 5),
)


def drawn(rng: np.random.Generator, n: int, distance: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of overlapping classes, 30 % with the finding."""
    truth = np.arange(n) < 0.3 * n
    return 1 / (1 + np.exp(-rng.normal(distance * truth, 1.0))), truth


def test_p_values_by_hand() -> None:
    absent, present = HAND.p_values(0.6)
    assert absent == pytest.approx((1 + 1) / 5)  # 0.6 of the four without the finding
    assert present == pytest.approx((1 + 1) / 6)  # 0.4 of the five with it
    absent, present = HAND.p_values(np.array([0.0, 1.0]))
    assert absent == pytest.approx(np.array([1, 1 / 5]))
    assert present == pytest.approx(np.array([1 / 6, 1]))


@given(PROBABILITIES, PROBABILITIES, st.floats(0, 1))
def test_p_values_count_who_conforms_no_better(without: list[float], having: list[float], probability: float) -> None:
    truth = np.array([False] * len(without) + [True] * len(having))
    absent, present = Conformal.fit(without + having, truth).p_values(probability)
    assert absent == (sum(p >= probability for p in without) + 1) / (len(without) + 1)
    assert present == (sum(p <= probability for p in having) + 1) / (len(having) + 1)


def test_answers_by_hand() -> None:
    assert HAND.answer(0.05, 0.8) == "absent"
    assert HAND.answer(0.99, 0.8) == "present"
    assert HAND.answer(0.5, 0.8) == "unsure"  # p-values 2/5 and 2/6 exceed 0.2
    assert HAND.answer(0.5, 0.65) == "absent"  # only 2/5 exceeds 0.35


def test_an_empty_set_keeps_the_label_that_conforms_better() -> None:
    apart = Conformal.fit([0.1, 0.1, 0.1, 0.9, 0.9, 0.9, 0.9], np.array([False] * 3 + [True] * 4))
    absent, present = apart.p_values(0.5)
    assert (absent, present) == (1 / 4, 1 / 5)
    assert apart.answer(0.5, 0.6) == "absent"
    even = Conformal.fit([0.1, 0.9], np.array([False, True]))
    assert even.answer(0.5, 0.3) == "unsure"


@given(PROBABILITIES, PROBABILITIES, COVERAGES)
def test_sets_are_never_empty_and_answers_follow_the_probability(
    without: list[float], having: list[float], coverage: float
) -> None:
    conformal = Conformal.fit(without + having, np.array([False] * len(without) + [True] * len(having)))
    order = {"absent": 0, "unsure": 1, "present": 2}
    absent, present = conformal.sets(np.linspace(0, 1, 41), coverage)
    assert (absent | present).all()
    answers = [order[conformal.answer(p, coverage)] for p in np.linspace(0, 1, 41)]
    assert answers == sorted(answers)


@given(PROBABILITIES, PROBABILITIES, st.floats(0, 1))
def test_more_coverage_never_shrinks_a_set(without: list[float], having: list[float], probability: float) -> None:
    conformal = Conformal.fit(without + having, np.array([False] * len(without) + [True] * len(having)))
    before = (False, False)
    for coverage in (0.1, 0.5, 0.8, 0.9, 0.99):
        held = tuple(map(bool, conformal.sets(probability, coverage)))
        assert all(now >= then for now, then in zip(held, before, strict=True))
        before = held


@pytest.mark.parametrize("n", [1, 4, 9, 19, 99])
def test_highest_coverage_is_where_the_rarer_label_can_still_be_ruled_out(n: int) -> None:
    conformal = Conformal.fit(np.linspace(0.3, 1, 3 * n + n), np.arange(4 * n) >= 3 * n)
    assert conformal.highest_coverage == n / (n + 1)
    assert conformal.answer(0.0, conformal.highest_coverage) == "absent"
    assert conformal.answer(0.0, conformal.highest_coverage + 1e-6) == "unsure"


@pytest.mark.parametrize("nominal", [0.8, 0.9])
def test_coverage_holds_in_each_class_and_is_not_far_above(nominal: float) -> None:
    rng = np.random.default_rng(0)
    reached = []
    for _ in range(600):
        conformal = Conformal.fit(*drawn(rng, 100))
        result = conformal.coverage(*drawn(rng, 100), nominal)
        reached.append((result.absent, result.present))
    absent, present = np.mean(reached, axis=0)
    for found, n in ((absent, 70), (present, 30)):
        assert nominal - 0.01 <= found <= nominal + 1 / (n + 1) + 0.01


def test_keeping_a_label_in_empty_sets_only_adds_coverage() -> None:
    rng = np.random.default_rng(1)
    reached = []
    for _ in range(200):
        conformal = Conformal.fit(*drawn(rng, 100, distance=4))
        result = conformal.coverage(*drawn(rng, 100, distance=4), 0.6)
        reached.append((result.absent, result.present, result.unsure))
    absent, present, unsure = np.mean(reached, axis=0)
    assert min(absent, present) > 0.9
    assert unsure < 0.01


def test_coverage_by_hand() -> None:
    result = HAND.coverage([0.05, 0.55, 0.99, 0.05], np.array([False, False, True, True]), 0.65)
    assert (result.absent, result.present, result.unsure) == (1.0, 0.5, 0.0)
    assert np.isnan(HAND.coverage([0.05], np.array([False]), 0.8).present)


def test_a_harder_coverage_leaves_more_unsure() -> None:
    rng = np.random.default_rng(2)
    conformal = Conformal.fit(*drawn(rng, 1000))
    test = drawn(rng, 1000)
    unsure = [conformal.coverage(*test, coverage).unsure for coverage in (0.8, 0.9, 0.95, 0.99)]
    assert unsure == sorted(unsure)
    assert unsure[0] < 0.2
    assert unsure[-1] > 0.5


def test_calibration_changes_no_answer() -> None:
    rng = np.random.default_rng(3)
    truth = np.arange(200) < 60
    logits, tested = rng.normal(2 * truth, 1.0), rng.normal(0.6, 1.5, 100)
    raw, cooled = (
        Conformal.fit(1 / (1 + np.exp(-(logits + shift) / temperature)), truth).sets(
            1 / (1 + np.exp(-(tested + shift) / temperature)), 0.9
        )
        for temperature, shift in ((1.0, 0.0), (2.5, -1.0))
    )
    assert np.array_equal(raw, cooled)


@pytest.mark.parametrize("coverage", [0.0, 1.0, -0.1, float("nan")])
def test_a_coverage_that_cannot_be_is_refused(coverage: float) -> None:
    with pytest.raises(ParameterError, match="coverage"):
        HAND.answer(0.5, coverage)


@pytest.mark.parametrize("present", [True, False])
def test_one_class_alone_is_refused(present: bool) -> None:
    with pytest.raises(InputError, match="no validation example"):
        Conformal.fit([0.1, 0.9], np.array([present, present]))
