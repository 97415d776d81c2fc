"""The smallest change of a linear model is known: the distance of the logit from the threshold, over the L1 norm."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pytest
from torch import nn

from core.classifier import Classifier
from core.errors import Cancelled, ParameterError, Unsupported
from core.params import Params
from evaluation.smallest import LARGEST, smallest_change
from perturbations.fgsm import FgsmParams
from perturbations.pgd import PgdParams
from perturbations.square import SquareParams
from tests.toys import Linear, linear_classifier, small_cnn_classifier

GRAY = np.full((1, 16, 16), 0.5, dtype=np.float32)


def toy(distance_255: float, threshold: float = 0.5, size: int = 16) -> Classifier:
    """A linear model that flags mid-gray, and would no longer do so once it changed by distance_255."""
    model = linear_classifier(size=size)
    card = dataclasses.replace(model.card, operating_points={"balanced": (threshold,)}, temperature=2.0)
    network = model.network
    assert isinstance(network, Linear)
    at_threshold = 2.0 * np.log(threshold / (1 - threshold))
    bias = network.bias + at_threshold + distance_255 / 255 * float(network.weight.abs().sum())
    network.bias = nn.Parameter(bias, requires_grad=False)
    return dataclasses.replace(model, card=card)


@pytest.mark.parametrize("exact", [0.01, 0.07, 0.3, 0.99, 2.6, 11.0, 15.9])
@pytest.mark.parametrize(("key", "params"), [("pgd", PgdParams(steps=10)), ("fgsm", None)])
@pytest.mark.parametrize("threshold", [0.5, 0.2])
def test_a_linear_model(exact: float, key: str, params: Params | None, threshold: float) -> None:
    found = smallest_change(toy(exact, threshold), GRAY, target=0, perturbation=key, params=params)
    assert found.epsilon is not None
    assert exact - 1e-3 <= found.epsilon <= exact + max(0.02, 0.05 * found.epsilon)
    assert found.perturbation is not None
    assert found.perturbation.params["epsilon"] == found.epsilon
    assert found.perturbation.reached.as_float
    assert found.perturbation.norms.linf_255 <= found.epsilon + 1e-3


def test_the_points_are_what_was_tried() -> None:
    model, params = toy(1.33), PgdParams(steps=7)
    found = smallest_change(model, GRAY, target=0, params=params)
    sizes = [point.epsilon for point in found.points]
    assert sizes == sorted(set(sizes))
    assert {0.0, 0.1, 0.2, 0.4, 0.8, 1.6} <= set(sizes)
    assert found.searched_to == 1.6
    assert all(len(f"{epsilon:g}") <= 6 for epsilon in sizes)
    assert [point.reached for point in found.points] == [epsilon >= 1.33 for epsilon in sizes]
    assert found.epsilon == min(point.epsilon for point in found.points if point.reached)
    assert found.points[0].probability == pytest.approx(float(model.predict(GRAY).probabilities[0]))
    probabilities = [point.probability for point in found.points]
    assert probabilities == sorted(probabilities, reverse=True)
    assert found.queries == (len(sizes) - 1) * 8
    assert found.seconds > 0


def test_a_change_below_half_a_gray_level_does_not_outlive_rounding() -> None:
    """Mid-gray as a file has it: 128 of 255."""
    found = smallest_change(toy(0.3), np.full_like(GRAY, 128 / 255), target=0)
    assert found.perturbation is not None
    reached = found.perturbation.reached
    assert reached.as_float
    assert reached.saved is not None
    assert not reached.saved.eight_bit


def test_nothing_up_to_the_largest() -> None:
    found = smallest_change(toy(17.0), GRAY, target=0)
    assert (found.epsilon, found.perturbation, found.searched_to) == (None, None, LARGEST)
    assert len(found.points) == 10
    assert not any(point.reached for point in found.points)


def test_a_goal_that_is_reached_already_takes_no_change() -> None:
    found = smallest_change(toy(1.0), GRAY, target=0, direction="induce")
    assert (found.epsilon, found.perturbation, found.queries) == (0.0, None, 0)
    assert len(found.points) == 1


def test_a_region_takes_a_larger_change() -> None:
    model, region = toy(1.0), np.zeros((16, 16), dtype=np.bool_)
    region[:8] = True
    weight = model.network.weight[0, 0].numpy()
    exact = float(np.abs(weight).sum() / np.abs(weight[:8]).sum())
    found = smallest_change(model, GRAY, target=0, region=region)
    assert exact <= (found.epsilon or 0) <= 1.05 * exact + 0.02
    assert found.perturbation is not None
    assert np.array_equal(found.perturbation.perturbed[:, 8:], GRAY[:, 8:])


def test_the_seed_decides_and_nothing_is_left_from_an_earlier_search() -> None:
    model, pixels = small_cnn_classifier(), np.random.default_rng(0).random((1, 32, 32), dtype=np.float32)
    params = SquareParams(queries=30)

    def found(seed: int) -> tuple[object, ...]:
        return smallest_change(model, pixels, target=0, perturbation="square", params=params, seed=seed).points

    first, _, again = found(1), found(2), found(1)
    assert first == again


def test_the_given_epsilon_plays_no_part() -> None:
    first, second = (smallest_change(toy(0.5), GRAY, target=0, params=PgdParams(epsilon=e)) for e in (0.05, 16.0))
    assert first.points == second.points


@pytest.mark.parametrize("exact", [0.01, 0.3, 2.6, 17.0])
def test_progress_rises_to_one(exact: float) -> None:
    shares: list[float] = []
    smallest_change(toy(exact), GRAY, target=0, report=shares.append)
    assert shares == sorted(shares)
    assert shares[0] < 0.1
    assert shares[-1] == 1
    assert all(share <= 1 + 1e-9 for share in shares)


def test_cancel() -> None:
    cancel = threading.Event()
    count = 0

    def report(_share: float) -> None:
        nonlocal count
        count += 1
        if count == 50:
            cancel.set()

    with pytest.raises(Cancelled):
        smallest_change(toy(1.0), GRAY, target=0, report=report, cancel=cancel)
    assert count == 50


def test_what_has_no_size_is_refused() -> None:
    for key in ("motion_blur", "trigger"):
        with pytest.raises(Unsupported, match="no largest change"):
            smallest_change(toy(1.0), GRAY, target=0, perturbation=key)
    with pytest.raises(ParameterError, match="must be PgdParams, not FgsmParams"):
        smallest_change(toy(1.0), GRAY, target=0, params=FgsmParams())
    with pytest.raises(ParameterError, match="Target"):
        smallest_change(toy(1.0), GRAY, target=1)
