"""The way of a search as it is kept: one step for each iterate, of the best restart, also of one that ended early."""

from __future__ import annotations

import itertools

import numpy as np
import torch
from torch import Tensor

from core.classifier import Classifier
from core.values import Floats, Goal
from perturbations import perturb
from perturbations._trajectory import Trajectory
from perturbations.pgd import PgdParams
from tests.toys import Linear, linear_classifier, small_cnn_classifier

HIDE = Goal(0, "hide")


def walked(runs: list[list[float]], length: int, averaged: int = 1) -> list[float]:
    """The logits kept of runs whose passes had these logits; the picture of each pass is its place in line."""
    trajectory = Trajectory(HIDE, length, averaged)
    model = linear_classifier(size=1)
    assert isinstance(model.network, Linear)
    with torch.no_grad():
        model.network.weight.fill_(1)
        model.network.bias.fill_(0)
    seen = trajectory.watched(model.watched(lambda x, logits: trajectory.answer(logits)))
    for value in itertools.chain(*runs):
        seen(torch.full((1, 1, 1, 1), value))
    for step in trajectory.steps:
        assert step.perturbed.shape == (1, 1, 1)
    return [round(float(step.logits[0]), 6) for step in trajectory.steps]


def test_the_best_restart_is_kept() -> None:
    runs = [[3.0, 2.0], [5.0, 1.0], [4.0, 1.5]]
    assert walked(runs, 2) == [5.0, 1.0]
    assert walked(runs, 6) == [3.0, 2.0, 5.0, 1.0, 4.0, 1.5]


def test_of_equals_the_first_stays() -> None:
    assert walked([[3.0, 2.0], [2.0, 5.0]], 2) == [3.0, 2.0]


def test_a_restart_that_ended_early_counts_too() -> None:
    assert walked([[3.0, 2.0, 2.5], [4.0, 1.0]], 3) == [4.0, 1.0]
    assert walked([[3.0, 2.0, 2.5], [4.0, 2.2]], 3) == [3.0, 2.0, 2.5]
    assert walked([[3.0]], 3) == [3.0]
    assert walked([], 3) == []


def test_several_passes_make_one_step() -> None:
    assert walked([[3.0, 1.0, 2.0, 2.0], [9.0, 1.0, 1.0, 0.0]], 2, averaged=2) == [5.0, 0.5]


def test_it_keeps_what_was_shown_and_not_what_a_remedy_made_of_it() -> None:
    """The iterates are the attacker's pictures; the logits are those of the model with its remedy."""

    def coarse(x: Tensor) -> Tensor:
        return x + ((x * 3).round() / 3 - x).detach()

    plain: Classifier = small_cnn_classifier()
    clean: Floats = np.random.default_rng(0).random((1, 32, 32), dtype=np.float32)
    model = plain.through(coarse)
    result = perturb("pgd", model, clean, HIDE, PgdParams(epsilon=16, steps=3))
    assert np.array_equal(result.trajectory[0].perturbed, clean)
    for step in result.trajectory:
        np.testing.assert_allclose(model.predict(step.perturbed).logits, step.logits, atol=1e-5)
    assert any(np.array_equal(step.perturbed, result.perturbed) for step in result.trajectory)
    assert result.norms.linf_255 <= 16.001
