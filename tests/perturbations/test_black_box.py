"""Attacks that see answers only, against what is known of a linear model; attacks on a surrogate, against the attack on
the model that it stands for."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.classifier import Classifier
from core.errors import Cancelled
from core.values import Direction, Floats, Goal
from perturbations import PERTURBATIONS, perturb, perturb_batch
from perturbations._estimated import estimated_gradient, portions
from perturbations.hop_skip_jump import HopSkipJumpParams
from perturbations.nes import NesParams
from perturbations.patch import PatchParams
from perturbations.patch_black_box import PatchBlackBoxParams
from perturbations.pgd import PgdParams
from perturbations.spsa import SpsaParams
from perturbations.transfer import TransferParams
from tests.toys import Linear, classifier, linear_classifier, small_cnn_classifier

HIDE = Goal(0, "hide")
both_ways = pytest.mark.parametrize("direction", ["hide", "induce"])
estimators = pytest.mark.parametrize(("key", "kind"), [("nes", NesParams), ("spsa", SpsaParams)])


def random_pixels(*shape: int, low: float = 0.2, high: float = 0.8, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32)


def logits(model: Classifier, pixels: Floats) -> Floats:
    """(N,) of the first label."""
    return np.array([prediction.logits[0] for prediction in model.predict_batch(pixels)])


def weights(model: Classifier) -> Tensor:
    assert isinstance(model.network, Linear)
    return model.network.weight.detach()


def leaning(direction: Direction, channels: int = 1) -> tuple[Classifier, Floats]:
    """A linear model and a picture whose logit is 2 on the wrong side of the decision."""
    model, x = linear_classifier(channels, seed=1), torch.full((channels, 16, 16), 0.5)
    w = weights(model)[0]
    x = x + (2.0 if direction == "hide" else -2.0) * w / w.square().sum()
    return model, x.numpy()


@both_ways
@pytest.mark.parametrize("channels", [1, 3])
def test_hop_skip_jump_nears_the_hyperplane(direction: Direction, channels: int) -> None:
    """Nothing is nearer than the foot of the perpendicular, at |logit| / |w|; more queries come nearer to it."""
    model, clean = leaning(direction, channels)
    nearest = 2 / float(weights(model).norm())
    few, many = (
        perturb("hop_skip_jump", model, clean, Goal(0, direction), HopSkipJumpParams(queries=queries))
        for queries in (300, 6000)
    )
    for result in (few, many):
        assert result.reached.as_float
        assert result.norms.l2 >= nearest
    assert many.norms.l2 < few.norms.l2
    assert many.norms.l2 < 1.25 * nearest


@pytest.mark.parametrize("queries", [100, 137, 1000])
def test_hop_skip_jump_uses_up_its_queries(queries: int) -> None:
    model, clean = leaning("hide")
    seen: list[int] = []
    watched = model.watched(lambda x, _: seen.append(len(x)))
    perturb_batch("hop_skip_jump", watched, clean[None], HIDE, HopSkipJumpParams(queries=queries))
    assert sum(seen) == queries
    assert perturb("hop_skip_jump", model, clean, HIDE, HopSkipJumpParams(queries=queries)).queries == queries


class Decision(nn.Module):
    """Tells the sign of the logit, and nothing more."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.network(x).sign()
        return logits


def test_hop_skip_jump_needs_no_score() -> None:
    model, clean = leaning("hide")
    silent = dataclasses.replace(model, network=Decision(model.network))
    result = perturb("hop_skip_jump", silent, clean, HIDE, HopSkipJumpParams(queries=6000))
    assert result.reached.as_float
    assert result.norms.l2 < 1.25 * 2 / float(weights(model).norm())


def test_hop_skip_jump_leaves_alone_what_it_need_not_or_can_not_change() -> None:
    model, clean = leaning("induce")
    done = perturb("hop_skip_jump", model, clean, HIDE)
    assert (done.queries, done.norms.changed) == (1, 0)
    stubborn = linear_classifier()
    assert isinstance(stubborn.network, Linear)
    stubborn.network.bias.add_(1000)
    hopeless = perturb("hop_skip_jump", stubborn, clean, HIDE)
    assert (hopeless.queries, hopeless.norms.changed) == (11, 0)
    assert not hopeless.reached.as_float


def test_hop_skip_jump_starts_from_a_surrogate_where_noise_will_not_do() -> None:
    """Of this model noise, white and black are flagged, and only what follows its checkerboard is not."""
    places = torch.arange(16)
    network = Linear(0.1875 * (1 - 2.0 * ((places[:, None] + places) % 2))[None, None])
    network.bias.requires_grad_(False).fill_(2)
    model, clean = classifier(network, network.features, 1, 16, 1), np.full((1, 16, 16), 0.5, dtype=np.float32)
    alone = perturb("hop_skip_jump", model, clean, HIDE)
    assert (alone.queries, alone.norms.changed, alone.reached.as_float) == (11, 0, False)
    armed = dataclasses.replace(model, surrogate=lambda: model)
    result = perturb("hop_skip_jump", armed, clean, HIDE)
    assert (result.queries, result.reached.as_float) == (1000, True)


@estimators
def test_the_estimate_is_the_gradient_of_a_linear_model_in_the_mean(key: str, kind: type) -> None:
    """Its cosine to the gradient grows with the pairs, to about sqrt(n / (n + d)) for d values."""
    model, x = linear_classifier(seed=1), torch.from_numpy(random_pixels(2, 1, 16, 16))
    rng = torch.Generator().manual_seed(0)

    def draw(shape: tuple[int, ...]) -> Tensor:
        return torch.randn(shape, generator=rng) if key == "nes" else 2.0 * torch.randint(2, shape, generator=rng) - 1

    for pairs in (16, 256, 2048):
        found = estimated_gradient(model, x, HIDE, pairs, 0.01, draw).flatten(1)
        cosine = torch.cosine_similarity(found, weights(model).flatten(1)).tolist()
        assert cosine == pytest.approx([(pairs / (pairs + 256)) ** 0.5] * 2, abs=0.15)
    torch.testing.assert_close(found.norm(dim=1), weights(model).norm().expand(2), rtol=0.15, atol=0)


@estimators
@both_ways
def test_estimated_steps_near_the_optimum_of_a_linear_model(key: str, kind: type, direction: Direction) -> None:
    model, batch, goal = linear_classifier(seed=1), random_pixels(3, 1, 16, 16), Goal(0, direction)
    optimum = 8 / 255 * float(weights(model).abs().sum())

    def share(pairs: int) -> float:
        perturbed = perturb_batch(key, model, batch, goal, kind(epsilon=8.0, pairs=pairs))
        gain = logits(model, perturbed) - logits(model, batch)
        return float(np.mean(gain if direction == "induce" else -gain)) / optimum

    little, much = share(4), share(200)
    assert 0.1 < little < much <= 1 + 1e-4
    assert much > 0.9


@estimators
def test_estimated_steps_return_the_best_picture_after_a_step(key: str, kind: type) -> None:
    model, clean, params = small_cnn_classifier(), random_pixels(1, 32, 32), kind(steps=6, pairs=3)
    shown: list[Floats] = []
    answers: list[float] = []

    def watch(x: Tensor, found: Tensor) -> None:
        if len(x) == 1:
            shown.append(x[0].numpy())
            answers.append(float(found[0, 0]))

    result = perturb_batch(key, model.watched(watch), clean[None], HIDE, params)
    assert len(shown) == 6
    assert np.array_equal(result[0], shown[int(np.argmin(answers))])
    assert perturb(key, model, clean, HIDE, params).queries == 6 * 7


def test_portions_add_up() -> None:
    assert list(portions(10, 4)) == [4, 4, 2]
    assert list(portions(3, 0)) == [1, 1, 1]


def with_surrogate(channels: int = 1) -> tuple[Classifier, Classifier]:
    other = small_cnn_classifier(channels, seed=1)
    return dataclasses.replace(small_cnn_classifier(channels), surrogate=lambda: other), other


@pytest.mark.parametrize(
    ("key", "params", "on_it", "same"),
    [
        ("transfer", TransferParams(epsilon=4, restarts=2), "pgd", PgdParams(epsilon=4, restarts=2)),
        ("patch_black_box", PatchBlackBoxParams(steps=5), "patch", PatchParams(steps=5)),
    ],
)
@pytest.mark.parametrize("confined", [False, True])
def test_it_is_the_attack_on_the_surrogate(
    key: str, params: PgdParams | PatchParams, on_it: str, same: PgdParams | PatchParams, confined: bool
) -> None:
    """In a region too, and without one query."""
    model, other = with_surrogate()
    region = np.zeros((32, 32), dtype=np.bool_)
    region[10:, 10:] = True
    where = region if confined else None
    clean = random_pixels(1, 32, 32)
    ours = perturb(key, model, clean, HIDE, params, seed=3, region=where)
    theirs = perturb(on_it, other, clean, HIDE, same, seed=3, region=where)
    assert np.array_equal(ours.perturbed, theirs.perturbed)
    assert (ours.queries, ours.trajectory) == (0, ())
    assert theirs.queries == PERTURBATIONS[key].passes(params, (1, 32, 32))


def test_progress_and_cancel_follow_the_surrogate() -> None:
    model, _ = with_surrogate()
    cancel, seen = threading.Event(), list[float]()

    def report(share: float) -> None:
        seen.append(share)
        if share > 0.5:
            cancel.set()

    with pytest.raises(Cancelled):
        perturb("transfer", model, random_pixels(1, 32, 32), HIDE, report=report, cancel=cancel)
    assert len(seen) > 5
    assert 0.5 < seen[-1] < 0.6


def test_a_surrogate_that_is_the_model_is_as_good_as_the_model() -> None:
    model, clean = small_cnn_classifier(), random_pixels(1, 32, 32)
    armed = dataclasses.replace(model, surrogate=lambda: model)
    ours = perturb("transfer", armed, clean, HIDE, TransferParams(epsilon=2)).perturbed
    assert np.array_equal(ours, perturb("pgd", model, clean, HIDE, PgdParams(epsilon=2)).perturbed)
