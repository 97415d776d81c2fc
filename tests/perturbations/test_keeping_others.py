"""Hide one finding, keep the others."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from core.classifier import Classifier
from core.params import Params
from core.values import Direction, Floats, Goal
from perturbations import PERTURBATIONS, perturb, perturb_batch
from perturbations._keeping import Keeping
from perturbations.transfer import TransferParams
from tests.toys import Linear, linear_classifier, small_cnn_classifier

both_ways = pytest.mark.parametrize("direction", ["hide", "induce"])
KEEPERS = [m.key for m in PERTURBATIONS if "keep_others" in m.params().as_dict() and "surrogate" not in m.needs]
each_keeper = pytest.mark.parametrize("key", KEEPERS)


def steep(labels: int, seed: int = 0) -> Classifier:
    """A CNN whose logits move by several, as those of a trained one do."""
    model = small_cnn_classifier(labels=labels, seed=seed)
    with torch.no_grad():
        for parameter in model.network.get_submodule("head").parameters():
            parameter.mul_(20)
    return model


def moved(key: str, labels: int, keep_others: bool, direction: Direction = "hide") -> Floats:
    """(K,) how far the logits of a CNN move on a random picture, seeking the second label."""
    model = steep(labels)
    clean: Floats = np.random.default_rng(0).random((1, 32, 32), dtype=np.float32)
    made = perturb(key, model, clean, Goal(labels - 1, direction), params(key, keep_others))
    assert made.goal == Goal(labels - 1, direction)
    assert made.reached.as_float == made.goal.reached(model.predict(made.perturbed))
    found: Floats = model.predict(made.perturbed).logits - model.predict(clean).logits
    return found


def params(key: str, keep_others: bool) -> Params:
    """Large enough for a difference."""
    wide: dict[str, dict[str, Any]] = {
        "bim": {"epsilon": 16.0, "step": 2.0},
        "sparse": {"pixels": 200, "step_size": 0.05},
    }
    return PERTURBATIONS[key].params(**wide.get(key, {"epsilon": 16.0}), keep_others=keep_others)


def test_who_can_keep_others() -> None:
    assert {"pgd", "pgd_l2", "bim", "momentum", "apgd", "sparse"} <= set(KEEPERS)


@each_keeper
@both_ways
def test_the_others_stay_and_the_finding_still_moves(key: str, direction: Direction) -> None:
    sign = 1 if direction == "induce" else -1
    freely, carefully = (moved(key, 3, keep, direction) for keep in (False, True))
    assert np.abs(carefully[:2]).max() < 0.5 * np.abs(freely[:2]).max()
    assert 0 < sign * carefully[2] <= sign * freely[2] + 1e-6


@each_keeper
def test_a_single_finding_has_no_others(key: str) -> None:
    model = steep(1)
    clean: Floats = np.random.default_rng(0).random((1, 32, 32), dtype=np.float32)
    freely, carefully = (perturb(key, model, clean, Goal(0, "hide"), params(key, keep)) for keep in (False, True))
    assert np.array_equal(freely.perturbed, carefully.perturbed)
    assert freely.queries == carefully.queries


def test_where_the_others_are_costs_one_pass_which_is_no_step() -> None:
    seen: list[float] = []
    model = steep(2)
    clean: Floats = np.random.default_rng(0).random((1, 32, 32), dtype=np.float32)
    kind = PERTURBATIONS["pgd"].params
    settings = kind(steps=4, restarts=2, random_start=True, keep_others=True)
    made = perturb("pgd", model, clean, Goal(0, "hide"), settings, report=seen.append)
    assert made.queries == 2 * 5 + 1
    assert len(made.trajectory) == 5
    assert not np.array_equal(made.trajectory[0].perturbed, clean)
    assert any(np.array_equal(step.perturbed, made.perturbed) for step in made.trajectory)
    assert seen == sorted(seen)
    assert seen[-1] == 1
    assert len(set(seen)) == len(seen) == 13


def test_a_transfer_keeps_what_the_surrogate_says_of_the_others() -> None:
    model, other = steep(2), steep(2, seed=1)
    clean: Floats = np.random.default_rng(0).random((1, 32, 32), dtype=np.float32)
    settings = TransferParams(epsilon=16, keep_others=True)
    made = perturb("transfer", dataclasses.replace(model, surrogate=lambda: other), clean, Goal(0, "hide"), settings)
    own = perturb("pgd", other, clean, Goal(0, "hide"), PERTURBATIONS["pgd"].params(epsilon=16.0, keep_others=True))
    assert np.array_equal(made.perturbed, own.perturbed)
    assert made.queries == 0


def test_each_image_of_a_batch_is_held_to_its_own_answer() -> None:
    model = steep(2)
    batch: Floats = np.random.default_rng(0).random((3, 1, 32, 32), dtype=np.float32)
    settings = PERTURBATIONS["pgd"].params(epsilon=8.0, steps=3, keep_others=True)
    together = perturb_batch("pgd", model, batch, Goal(0, "hide"), settings)
    for image, result in zip(batch, together, strict=True):
        np.testing.assert_allclose(perturb("pgd", model, image, Goal(0, "hide"), settings).perturbed, result, atol=1e-6)


@both_ways
def test_the_loss_adds_the_squares_of_what_the_others_moved(direction: Direction) -> None:
    before, after = torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([[5.0, 2.5, 1.0]])
    sign = 1 if direction == "hide" else -1
    assert Keeping(0, direction, before).loss(after).tolist() == [sign * 5.0 + 0.25 + 4.0]
    assert Keeping(1, direction, before).loss(after).tolist() == [sign * 2.5 + 16.0 + 4.0]


def test_a_linear_model_gives_the_optimum() -> None:
    """Two findings that read the same half: what is won there must not cost the other more than half a logit."""
    model = linear_classifier(labels=2)
    assert isinstance(model.network, Linear)
    with torch.no_grad():
        model.network.weight.zero_()
        model.network.weight[0] = 1
        model.network.weight[1, :, :8] = 1
    clean = np.full((1, 16, 16), 0.5, dtype=np.float32)
    settings = PERTURBATIONS["pgd"].params(epsilon=8.0, steps=200, step_size=2.5, keep_others=True)
    change = perturb("pgd", model, clean, Goal(0, "hide"), settings).perturbed - clean
    np.testing.assert_allclose(change[:, 8:], -8 / 255, atol=1e-6)
    assert change[:, :8].sum() == pytest.approx(-0.5, abs=0.05)
