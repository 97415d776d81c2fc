"""Gradient attacks against answers known by hand, and against another implementation."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
import torch
import torchattacks  # type: ignore[import-untyped]
from torch import Tensor, nn

from core.classifier import Classifier
from core.values import Floats, Goal
from perturbations import perturb, perturb_batch
from perturbations.fgsm import FgsmParams
from perturbations.pgd import PgdParams
from perturbations.uniform_noise import UniformNoiseParams
from tests.toys import Linear, linear_classifier, small_cnn_classifier

Direction = Literal["hide", "induce"]
both_ways = pytest.mark.parametrize("direction", ["hide", "induce"])
attacks = pytest.mark.parametrize(
    "params", [FgsmParams(epsilon=8), PgdParams(epsilon=8), PgdParams(epsilon=8, random_start=True)]
)


def random_pixels(*shape: int, low: float = 0.0, high: float = 1.0) -> Floats:
    return np.random.default_rng(0).uniform(low, high, shape).astype(np.float32)


def key_of(params: FgsmParams | PgdParams) -> str:
    return "fgsm" if isinstance(params, FgsmParams) else "pgd"


def weight_of(model: Classifier) -> Tensor:
    """(K, C, h, w) of a linear classifier."""
    assert isinstance(model.network, Linear)
    return model.network.weight


@attacks
@both_ways
def test_a_linear_model_gives_the_corner_of_the_box(params: FgsmParams | PgdParams, direction: Direction) -> None:
    model, target = linear_classifier(channels=3, labels=2), 1
    clean, weight = random_pixels(3, 16, 16), weight_of(model)[target].numpy()
    sign = 1 if direction == "induce" else -1
    result = perturb(key_of(params), model, clean, Goal(target, direction), params)
    np.testing.assert_allclose(result.perturbed, (clean + sign * 8 / 255 * np.sign(weight)).clip(0, 1), atol=1e-6)


@attacks
@both_ways
def test_a_linear_logit_moves_by_epsilon_times_the_sum_of_weights(
    params: FgsmParams | PgdParams, direction: Direction
) -> None:
    model, clean = linear_classifier(), random_pixels(1, 16, 16, low=0.2, high=0.8)
    result = perturb(key_of(params), model, clean, Goal(0, direction), params)
    before, after = (model.predict(pixels).logits[0] for pixels in (clean, result.perturbed))
    sign = 1 if direction == "induce" else -1
    assert after - before == pytest.approx(sign * 8 / 255 * float(weight_of(model).abs().sum()), rel=1e-4)


@attacks
@both_ways
def test_a_linear_model_gives_the_corner_of_the_box_in_the_region(
    params: FgsmParams | PgdParams, direction: Direction
) -> None:
    model, clean, region = linear_classifier(), random_pixels(1, 16, 16), np.zeros((16, 16), dtype=np.bool_)
    region[3:9, 5:] = True
    sign = 1 if direction == "induce" else -1
    result = perturb(key_of(params), model, clean, Goal(0, direction), params, region=region)
    moved = (clean + sign * 8 / 255 * np.sign(weight_of(model)[0].numpy())).clip(0, 1)
    np.testing.assert_allclose(result.perturbed, np.where(region, moved, clean), atol=1e-6)
    batch = np.stack([clean, 1 - clean])
    assert np.array_equal(
        perturb_batch(key_of(params), model, batch, Goal(0, direction), params, region=region)[0], result.perturbed
    )


@attacks
def test_hiding_and_inducing_mirror_each_other(params: FgsmParams | PgdParams) -> None:
    model, clean = linear_classifier(), random_pixels(1, 16, 16, low=0.2, high=0.8)
    hidden, induced = (
        perturb(key_of(params), model, clean, Goal(0, direction), params).perturbed - clean
        for direction in ("hide", "induce")
    )
    np.testing.assert_allclose(hidden, -induced, atol=1e-6)


def test_one_step_from_the_image_is_the_fast_gradient_sign_method() -> None:
    model, batch, goal = small_cnn_classifier(), random_pixels(4, 1, 32, 32), Goal(0, "induce")
    step = PgdParams(epsilon=4, steps=1, step_size=1)
    np.testing.assert_allclose(
        perturb_batch("pgd", model, batch, goal, step),
        perturb_batch("fgsm", model, batch, goal, FgsmParams(epsilon=4)),
        atol=1e-6,
    )


def test_the_trajectory_starts_at_the_clean_image_and_only_gets_better_on_a_linear_model() -> None:
    model, clean, goal = linear_classifier(), random_pixels(1, 16, 16), Goal(0, "hide")
    result = perturb("pgd", model, clean, goal, PgdParams(epsilon=4, steps=10))
    losses = [goal.loss(step.logits[None])[0] for step in result.trajectory]
    assert len(losses) == 11
    assert np.array_equal(result.trajectory[0].perturbed, clean)
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > losses[4]
    np.testing.assert_allclose(losses[4:], losses[-1], rtol=1e-5)  # steps of a quarter arrive after the fourth


def test_a_random_start_lies_within_epsilon_and_not_at_the_image() -> None:
    model, clean = linear_classifier(), random_pixels(1, 16, 16)
    first = (
        perturb("pgd", model, clean, Goal(0, "hide"), PgdParams(epsilon=4, random_start=True)).trajectory[0].perturbed
    )
    assert 3 / 255 < np.abs(first - clean).max() <= 4 / 255 + 1e-6
    assert 0 <= first.min() <= first.max() <= 1


@pytest.mark.parametrize("restarts", [1, 3])
def test_the_best_iterate_is_returned(restarts: int) -> None:
    """Steps far too long overshoot, so the last iterate is seldom the best."""
    model, goal = small_cnn_classifier(), Goal(0, "induce")
    params = PgdParams(epsilon=16, steps=8, step_size=20, restarts=restarts)
    clean = random_pixels(1, 32, 32)
    result = perturb("pgd", model, clean, goal, params, seed=5)
    best = min(result.trajectory, key=lambda step: float(goal.loss(step.logits[None])[0]))
    assert len(result.trajectory) == 9
    assert result.queries == restarts * 9
    assert np.array_equal(result.perturbed, best.perturbed)
    assert not np.array_equal(best.perturbed, result.trajectory[-1].perturbed)


def test_more_restarts_are_never_worse_for_any_image() -> None:
    model, goal, batch = small_cnn_classifier(), Goal(0, "hide"), random_pixels(4, 1, 32, 32)

    def losses(restarts: int) -> Floats:
        params = PgdParams(epsilon=8, steps=3, restarts=restarts)
        perturbed = perturb_batch("pgd", model, batch, goal, params)
        found: Floats = goal.loss(np.stack([prediction.logits for prediction in model.predict_batch(perturbed)]))
        return found

    once, often = losses(1), losses(5)
    assert (often <= once + 1e-6).all()
    assert (often < once).any()


def test_restarts_without_random_start_begin_with_the_image_itself() -> None:
    model, clean = small_cnn_classifier(), random_pixels(1, 32, 32)
    seen: list[Tensor] = []
    params = PgdParams(epsilon=8, steps=1, restarts=2)
    perturb_batch("pgd", model.watched(lambda x, _: seen.append(x)), clean[None], Goal(0, "hide"), params)
    assert np.array_equal(seen[0][0], clean)
    assert not np.array_equal(seen[2][0], clean)


class Softmax(nn.Module):
    """One logit z as the two classes (0, z), whose softmax is the sigmoid of z: what torchattacks understands."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        z = self.network(x)
        return torch.cat([torch.zeros_like(z), z], dim=1)


@both_ways
@pytest.mark.parametrize("channels", [1, 3])
def test_fgsm_equals_torchattacks(direction: Direction, channels: int) -> None:
    model, batch = small_cnn_classifier(channels), random_pixels(4, channels, 32, 32)
    theirs = torchattacks.FGSM(Softmax(model.network), eps=4 / 255)
    label = torch.full((4,), int(direction == "hide"))
    ours = perturb_batch("fgsm", model, batch, Goal(0, direction), FgsmParams(epsilon=4))
    np.testing.assert_allclose(ours, theirs(torch.from_numpy(batch), label).numpy(), atol=1e-6)


@both_ways
@pytest.mark.parametrize("channels", [1, 3])
def test_pgd_equals_torchattacks(direction: Direction, channels: int) -> None:
    """torchattacks returns the last iterate, so that one is compared."""
    model, clean = small_cnn_classifier(channels), random_pixels(channels, 32, 32)
    theirs = torchattacks.PGD(Softmax(model.network), eps=8 / 255, alpha=2 / 255, steps=10, random_start=False)
    label = torch.tensor([int(direction == "hide")])
    params = PgdParams(epsilon=8, steps=10, step_size=2 / 8 * 10)
    ours = perturb("pgd", model, clean, Goal(0, direction), params).trajectory[-1].perturbed
    np.testing.assert_allclose(ours, theirs(torch.from_numpy(clean)[None], label)[0].numpy(), atol=1e-6)


@both_ways
def test_many_steps_do_more_than_one_and_noise_does_next_to_nothing(direction: Direction) -> None:
    model, batch, goal = small_cnn_classifier(), random_pixels(8, 1, 32, 32), Goal(0, direction)

    def mean_loss(pixels: Floats) -> float:
        return float(goal.loss(np.stack([prediction.logits for prediction in model.predict_batch(pixels)])).mean())

    clean = mean_loss(batch)
    one_step = mean_loss(perturb_batch("fgsm", model, batch, goal, FgsmParams(epsilon=8)))
    many_steps = mean_loss(perturb_batch("pgd", model, batch, goal, PgdParams(epsilon=8)))
    noise = mean_loss(perturb_batch("uniform_noise", model, batch, goal, UniformNoiseParams(epsilon=8)))
    assert many_steps <= one_step < clean
    assert abs(noise - clean) < 0.2 * (clean - many_steps)


def test_pixels_the_model_does_not_see_are_left_alone() -> None:
    """As outside the field of view of a fundus photograph: no gradient, no change."""
    model = linear_classifier()
    with torch.no_grad():
        weight_of(model)[..., :4, :] = 0
    clean = random_pixels(1, 16, 16)
    result = perturb("pgd", model, clean, Goal(0, "hide"), PgdParams(epsilon=8))
    assert np.array_equal(result.perturbed[:, :4], clean[:, :4])
    assert result.norms.changed < 0.76


def test_the_goal_against_a_prediction_flips_it() -> None:
    model, clean = linear_classifier(), random_pixels(1, 16, 16)
    prediction = model.predict(clean)
    result = perturb("pgd", model, clean, Goal.against(prediction, 0), PgdParams(epsilon=16))
    assert model.predict(result.perturbed).positive[0] != prediction.positive[0]
    assert result.reached.as_float
