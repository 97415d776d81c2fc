"""Gradient attacks against answers known by hand, and against another implementation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pytest
import torch
import torchattacks  # type: ignore[import-untyped]
from torch import Tensor, nn

from core.classifier import Classifier
from core.params import Params
from core.values import Floats, Goal
from perturbations import PERTURBATIONS, perturb, perturb_batch
from perturbations.apgd import ApgdParams
from perturbations.bim import BimParams
from perturbations.fgsm import FgsmParams
from perturbations.momentum import MomentumParams
from perturbations.pgd import PgdParams
from perturbations.pgd_l2 import PgdL2Params
from perturbations.rfgsm import RfgsmParams
from perturbations.uniform_noise import UniformNoiseParams
from tests.attack_peers import TwoClasses, attack_peers, quietly
from tests.toys import Linear, linear_classifier, small_cnn_classifier

Direction = Literal["hide", "induce"]
both_ways = pytest.mark.parametrize("direction", ["hide", "induce"])
gray_and_color = pytest.mark.parametrize("channels", [1, 3])
attacks = pytest.mark.parametrize(
    "params",
    [
        FgsmParams(epsilon=8),
        PgdParams(epsilon=8),
        PgdParams(epsilon=8, random_start=True),
        PgdParams(epsilon=8, averaged=3),
        BimParams(epsilon=8, step=0.5),
        MomentumParams(epsilon=8),
        ApgdParams(epsilon=8, steps=20),
    ],
    ids=lambda params: type(params).__name__,
)


def random_pixels(*shape: int, low: float = 0.0, high: float = 1.0) -> Floats:
    return np.random.default_rng(0).uniform(low, high, shape).astype(np.float32)


def key_of(params: Params) -> str:
    return next(method.key for method in PERTURBATIONS if method.params is type(params))


def losses(model: Classifier, pixels: Floats, goal: Goal) -> Floats:
    """(N,) of pixels (N, C, h, w)."""
    found: Floats = goal.loss(np.stack([prediction.logits for prediction in model.predict_batch(pixels)]))
    return found


def weight_of(model: Classifier) -> Tensor:
    """(K, C, h, w) of a linear classifier."""
    assert isinstance(model.network, Linear)
    return model.network.weight


@attacks
@both_ways
def test_a_linear_model_gives_the_corner_of_the_box(params: Params, direction: Direction) -> None:
    model, target = linear_classifier(channels=3, labels=2), 1
    clean, weight = random_pixels(3, 16, 16), weight_of(model)[target].numpy()
    sign = 1 if direction == "induce" else -1
    result = perturb(key_of(params), model, clean, Goal(target, direction), params)
    np.testing.assert_allclose(result.perturbed, (clean + sign * 8 / 255 * np.sign(weight)).clip(0, 1), atol=1e-6)


@attacks
@both_ways
def test_a_linear_logit_moves_by_epsilon_times_the_sum_of_weights(params: Params, direction: Direction) -> None:
    model, clean = linear_classifier(), random_pixels(1, 16, 16, low=0.2, high=0.8)
    result = perturb(key_of(params), model, clean, Goal(0, direction), params)
    before, after = (model.predict(pixels).logits[0] for pixels in (clean, result.perturbed))
    sign = 1 if direction == "induce" else -1
    assert after - before == pytest.approx(sign * 8 / 255 * float(weight_of(model).abs().sum()), rel=1e-4)


@attacks
@both_ways
def test_a_linear_model_gives_the_corner_of_the_box_in_the_region(params: Params, direction: Direction) -> None:
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
def test_hiding_and_inducing_mirror_each_other(params: Params) -> None:
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


@pytest.mark.parametrize(("key", "kind"), [("pgd", PgdParams), ("pgd_l2", PgdL2Params), ("apgd", ApgdParams)])
def test_more_restarts_are_never_worse_for_any_image(key: str, kind: Callable[..., Params]) -> None:
    model, goal, batch = small_cnn_classifier(), Goal(0, "hide"), random_pixels(4, 1, 32, 32)

    once, often = (
        losses(model, perturb_batch(key, model, batch, goal, kind(epsilon=16, steps=2, restarts=restarts)), goal)
        for restarts in (1, 5)
    )
    assert (often <= once + 1e-6).all()
    assert key == "pgd_l2" or (often < once - 1e-4).any()


def test_restarts_without_random_start_begin_with_the_image_itself() -> None:
    model, clean = small_cnn_classifier(), random_pixels(1, 32, 32)
    seen: list[Tensor] = []
    params = PgdParams(epsilon=8, steps=1, restarts=2)
    perturb_batch("pgd", model.watched(lambda x, _: seen.append(x)), clean[None], Goal(0, "hide"), params)
    assert np.array_equal(seen[0][0], clean)
    assert not np.array_equal(seen[2][0], clean)


def label_of(goal: Goal, n: int = 1) -> Tensor:
    """(n,) the class that torchattacks moves away from."""
    return torch.full((n,), int(goal.direction == "hide"))


def last_iterate(model: Classifier, clean: Floats, goal: Goal, params: Params, seed: int = 0) -> Floats:
    """What torchattacks returns."""
    return perturb(key_of(params), model, clean, goal, params, seed=seed).trajectory[-1].perturbed


@both_ways
@gray_and_color
def test_fgsm_equals_torchattacks(direction: Direction, channels: int) -> None:
    model, batch, goal = small_cnn_classifier(channels), random_pixels(4, channels, 32, 32), Goal(0, direction)
    theirs = torchattacks.FGSM(TwoClasses(model.network), eps=4 / 255)
    ours = perturb_batch("fgsm", model, batch, goal, FgsmParams(epsilon=4))
    np.testing.assert_allclose(ours, theirs(torch.from_numpy(batch), label_of(goal, 4)).numpy(), atol=1e-6)


Make = Callable[[nn.Module], Any]
PEERS: list[tuple[Params, Make]] = [
    (
        PgdParams(epsilon=8, steps=10, step_size=2.5),
        lambda network: torchattacks.PGD(network, eps=8 / 255, alpha=2 / 255, steps=10, random_start=False),
    ),
    (
        PgdParams(epsilon=8, steps=10, step_size=2.5, random_start=True),
        lambda network: torchattacks.PGD(network, eps=8 / 255, alpha=2 / 255, steps=10),
    ),
    (
        BimParams(epsilon=8, steps=10, step=1.5),
        lambda network: torchattacks.BIM(network, eps=8 / 255, alpha=1.5 / 255, steps=10),
    ),
    (
        MomentumParams(epsilon=8, steps=10, step_size=2.5, decay=0.9),
        lambda network: torchattacks.MIFGSM(network, eps=8 / 255, alpha=2 / 255, steps=10, decay=0.9),
    ),
]


@both_ways
@gray_and_color
@pytest.mark.parametrize(("params", "make"), PEERS, ids=lambda value: type(value).__name__)
def test_each_iterate_equals_that_of_torchattacks(
    params: Params, make: Make, direction: Direction, channels: int
) -> None:
    """From the same seed, where the start is random."""
    model, clean, goal = small_cnn_classifier(channels), random_pixels(channels, 32, 32), Goal(0, direction)
    ours = last_iterate(model, clean, goal, params, seed=4)
    torch.manual_seed(4)
    theirs = make(TwoClasses(model.network))(torch.from_numpy(clean)[None], label_of(goal))[0]
    np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-6)


@both_ways
@gray_and_color
@pytest.mark.parametrize("library", ["torchattacks", "foolbox", "ART", "captum.robust"])
def test_the_last_iterate_equals_that_of_each_library(library: str, direction: Direction, channels: int) -> None:
    """As make bench times them."""
    model, batch, goal = small_cnn_classifier(channels), random_pixels(2, channels, 32, 32), Goal(0, direction)
    params = PgdParams(epsilon=1, steps=10, step_size=2.5)
    ours = np.stack([last_iterate(model, clean, goal, params) for clean in batch])
    theirs = quietly(attack_peers(model, batch, goal, params)[library])()
    np.testing.assert_allclose(theirs, ours, atol=1e-6)


@both_ways
@gray_and_color
@pytest.mark.parametrize("random_start", [False, True])
def test_euclidean_pgd_equals_torchattacks(direction: Direction, channels: int, random_start: bool) -> None:
    model, clean, goal = small_cnn_classifier(channels), random_pixels(channels, 32, 32), Goal(0, direction)
    radius = 4 / 255 * clean.size**0.5
    ours = last_iterate(
        model, clean, goal, PgdL2Params(epsilon=4, steps=3, step_size=1, random_start=random_start), seed=4
    )
    torch.manual_seed(4)
    theirs = torchattacks.PGDL2(
        TwoClasses(model.network), eps=radius, alpha=radius / 3, steps=3, random_start=random_start
    )(torch.from_numpy(clean)[None], label_of(goal))[0]
    np.testing.assert_allclose(ours, theirs.numpy(), atol=0.02 / 255)


@both_ways
@gray_and_color
def test_the_random_first_step_equals_torchattacks(direction: Direction, channels: int) -> None:
    model, batch, goal = small_cnn_classifier(channels), random_pixels(4, channels, 32, 32), Goal(0, direction)
    ours = perturb_batch("rfgsm", model, batch, goal, RfgsmParams(epsilon=8), seed=4)
    torch.manual_seed(4)
    theirs = torchattacks.RFGSM(TwoClasses(model.network), eps=8 / 255, alpha=4 / 255, steps=1)
    np.testing.assert_allclose(ours, theirs(torch.from_numpy(batch), label_of(goal, 4)).numpy(), atol=1e-6)


@pytest.mark.parametrize("jump", [0, 100])
def test_all_jump_is_noise_and_no_jump_the_fast_gradient_sign_method(jump: float) -> None:
    model, clean, goal = linear_classifier(), random_pixels(1, 16, 16, low=0.2, high=0.8), Goal(0, "hide")
    result = perturb("rfgsm", model, clean, goal, RfgsmParams(epsilon=8, jump=jump), seed=1)
    np.testing.assert_allclose(np.abs(result.perturbed - clean), 8 / 255, atol=1e-6)
    plain = perturb("fgsm", model, clean, goal, FgsmParams(epsilon=8)).perturbed
    agreeing = (np.sign(result.perturbed - clean) == np.sign(plain - clean)).mean()
    assert agreeing == 1 if jump == 0 else 0.35 < agreeing < 0.65


@both_ways
def test_euclidean_pgd_moves_along_the_weights_of_a_linear_model(direction: Direction) -> None:
    """As far as allowed, and the logit by that times the length of the weights."""
    model, clean = linear_classifier(3), random_pixels(3, 16, 16, low=0.3, high=0.7)
    weight, sign = weight_of(model)[0].numpy(), 1 if direction == "induce" else -1
    result = perturb("pgd_l2", model, clean, Goal(0, direction), PgdL2Params(epsilon=4))
    radius, length = 4 / 255 * clean.size**0.5, float(np.linalg.norm(weight))
    np.testing.assert_allclose(result.perturbed, clean + sign * radius * weight / length, atol=1e-5)
    assert result.norms.l2 == pytest.approx(radius, rel=1e-4)
    before, after = (model.predict(pixels).logits[0] for pixels in (clean, result.perturbed))
    assert after - before == pytest.approx(sign * radius * length, rel=1e-4)


def test_short_steps_of_a_fixed_length_do_not_use_the_range() -> None:
    model, clean = linear_classifier(), random_pixels(1, 16, 16)
    result = perturb("bim", model, clean, Goal(0, "hide"), BimParams(epsilon=8, steps=10, step=0.3))
    assert result.norms.linf_255 == pytest.approx(3, abs=1e-3)


def test_momentum_goes_on_where_a_gradient_alone_turns_back() -> None:
    """Over a ridge of the logit, one step wide."""
    model, clean = linear_classifier(), np.full((1, 16, 16), 0.5, dtype=np.float32)
    with torch.no_grad():
        weight_of(model).fill_(1)
        model.network.get_parameter("bias").fill_(-128)

    def bumpy(ask: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        shift = ask(x) / 256 * 255
        return shift + 3 * torch.exp(-((shift - 1.25) ** 2) / 0.1)

    goal, rough = Goal(0, "induce"), model.answering(bumpy)
    plain, pushed = (
        perturb("momentum", rough, clean, goal, MomentumParams(epsilon=8, steps=16, step_size=1, decay=decay))
        for decay in (0, 1)
    )
    shift = [float((result.trajectory[-1].perturbed - clean).mean()) * 255 for result in (plain, pushed)]
    assert shift[0] < 2 < 4 < shift[1]


class Shaky:
    """A model with chance in it: the finding's logit with the sign of a coin that is heads in 60 %."""

    def __init__(self) -> None:
        self.rng = torch.Generator().manual_seed(0)

    def __call__(self, ask: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        return ask(x) if torch.rand((), generator=self.rng) < 0.6 else -ask(x)


def test_averaging_beats_chance() -> None:
    clean = random_pixels(1, 16, 16, low=0.2, high=0.8)
    model, goal = linear_classifier(), Goal(0, "hide")

    def left(averaged: int) -> float:
        """Logit of the last iterate, seen without the coin."""
        params = PgdParams(epsilon=4, steps=8, averaged=averaged)
        made = perturb("pgd", model.answering(Shaky()), clean, goal, params)
        assert made.queries == 9 * averaged
        assert len(made.trajectory) == 9
        return float(model.predict(made.trajectory[-1].perturbed).logits[0])

    best = float(model.predict(perturb("fgsm", model, clean, goal, FgsmParams(epsilon=4)).perturbed).logits[0])
    assert left(40) == pytest.approx(best, rel=0.02)
    assert left(1) > best + 0.2 * abs(best)


def test_averaging_without_chance_changes_nothing() -> None:
    model, clean, goal = small_cnn_classifier(labels=2), random_pixels(1, 32, 32), Goal(0, "hide")
    once, often = (
        perturb("pgd", model, clean, goal, PgdParams(epsilon=4, steps=5, restarts=2, averaged=averaged))
        for averaged in (1, 4)
    )
    assert np.array_equal(once.perturbed, often.perturbed)
    for one, other in zip(once.trajectory, often.trajectory, strict=True):
        assert np.array_equal(one.perturbed, other.perturbed)
        np.testing.assert_allclose(one.logits, other.logits, rtol=1e-6)


@both_ways
def test_many_steps_do_more_than_one_and_noise_does_next_to_nothing(direction: Direction) -> None:
    model, batch, goal = small_cnn_classifier(), random_pixels(8, 1, 32, 32), Goal(0, direction)

    def mean_loss(params: Params) -> float:
        return float(losses(model, perturb_batch(key_of(params), model, batch, goal, params), goal).mean())

    clean = losses(model, batch, goal).mean()
    one_step, many_steps = mean_loss(FgsmParams(epsilon=8)), mean_loss(PgdParams(epsilon=8))
    noise = mean_loss(UniformNoiseParams(epsilon=8))
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
