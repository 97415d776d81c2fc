"""The square attack against the optimum of a linear model, the gradient attack, and another implementation."""

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
from perturbations.pgd import PgdParams
from perturbations.square import SquareParams
from tests.toys import Linear, linear_classifier, small_cnn_classifier

Direction = Literal["hide", "induce"]
both_ways = pytest.mark.parametrize("direction", ["hide", "induce"])
gray_and_color = pytest.mark.parametrize("channels", [1, 3])
HIDE = Goal(0, "hide")


def random_pixels(*shape: int, low: float = 0.0, high: float = 1.0) -> Floats:
    return np.random.default_rng(0).uniform(low, high, shape).astype(np.float32)


def losses(model: Classifier, pixels: Floats, goal: Goal) -> Floats:
    """(N,) losses of pixels (N, C, h, w)."""
    found: Floats = goal.loss(np.stack([prediction.logits for prediction in model.predict_batch(pixels)]))
    return found


def shown(model: Classifier, clean: Floats, params: SquareParams, seed: int = 0) -> tuple[list[Floats], list[float]]:
    """The pictures that hiding a finding on clean (C, h, w) shows to the model, and their losses."""
    pictures: list[Floats] = []
    answers: list[float] = []

    def watch(x: Tensor, logits: Tensor) -> None:
        pictures.extend(x.numpy())
        answers.extend(HIDE.loss(logits).tolist())

    perturb_batch("square", model.watched(watch), clean[None], HIDE, params, seed=seed)
    return pictures, answers


@both_ways
def test_a_linear_logit_nears_epsilon_times_the_sum_of_weights(direction: Direction) -> None:
    model, batch, goal = linear_classifier(), random_pixels(4, 1, 16, 16, low=0.2, high=0.8), Goal(0, direction)
    assert isinstance(model.network, Linear)
    optimum = 8 / 255 * float(model.network.weight.abs().sum())
    clean = losses(model, batch, goal)

    def share_of_optimum(queries: int) -> Floats:
        perturbed = perturb_batch("square", model, batch, goal, SquareParams(epsilon=8, queries=queries))
        return (clean - losses(model, perturbed, goal)) / np.float32(optimum)

    few, some, many = (share_of_optimum(queries) for queries in (10, 100, 3000))
    assert few.mean() < some.mean() < many.mean()
    assert many.max() <= 1 + 1e-4
    assert many.min() > 0.98


@gray_and_color
def test_without_gradients_it_stays_behind_pgd_and_ahead_of_nothing(channels: int) -> None:
    model, batch = small_cnn_classifier(channels), random_pixels(4, channels, 32, 32)
    with_gradients = losses(model, perturb_batch("pgd", model, batch, HIDE, PgdParams(epsilon=8)), HIDE)
    without = losses(model, perturb_batch("square", model, batch, HIDE, SquareParams(epsilon=8, queries=300)), HIDE)
    assert (with_gradients < without).all()
    assert (without < losses(model, batch, HIDE)).all()


def test_the_best_picture_shown_is_returned() -> None:
    model, clean = small_cnn_classifier(), random_pixels(1, 32, 32)
    params = SquareParams(epsilon=8, queries=50)
    pictures, answers = shown(model, clean, params, seed=3)
    result = perturb("square", model, clean, HIDE, params, seed=3)
    assert np.array_equal(result.perturbed, pictures[int(np.argmin(answers))])


@pytest.mark.parametrize("queries", [1, 2, 137])
def test_no_query_more_and_none_less(queries: int) -> None:
    model, clean, params = linear_classifier(), random_pixels(1, 16, 16), SquareParams(queries=queries)
    assert len(shown(model, clean, params)[0]) == queries
    assert perturb("square", model, clean, HIDE, params).queries == queries


@gray_and_color
def test_it_starts_from_vertical_stripes(channels: int) -> None:
    clean = np.full((channels, 16, 16), 0.5, dtype=np.float32)
    (stripes,), _ = shown(linear_classifier(channels), clean, SquareParams(epsilon=8, queries=1))
    np.testing.assert_allclose(np.abs(stripes - clean), 8 / 255, atol=1e-6)
    assert (stripes == stripes[:, :1]).all()
    assert all(len(np.unique(stripe)) == 2 for stripe in stripes)


@gray_and_color
def test_each_query_paints_one_square_and_the_squares_shrink(channels: int) -> None:
    clean = np.full((channels, 32, 32), 0.5, dtype=np.float32)
    params = SquareParams(epsilon=8, queries=400)
    pictures, answers = shown(small_cnn_classifier(channels), clean, params)
    best, sides = 0, []
    for query in range(1, len(pictures)):
        changed = (pictures[query] != pictures[best]).any(axis=0)
        rows, columns = (np.flatnonzero(changed.any(axis=axis)) for axis in (1, 0))
        painted = pictures[query][:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert (painted == painted[:, :1, :1]).all()
        sides.append(max(np.ptp(rows), np.ptp(columns)) + 1)
        best = query if answers[query] < answers[best] else best
    assert max(sides) == sides[0] == round((0.8 / 2 * 32 * 32) ** 0.5)  # the first of 400 is number 25 of 10000
    assert max(sides[300:320]) == 2
    assert max(sides[320:]) == 1


@pytest.mark.parametrize("value", [0, 0.5, 1])
def test_flat_pictures_stay_in_bounds_and_give_way(value: float) -> None:
    model, clean = linear_classifier(), np.full((1, 16, 16), value, dtype=np.float32)
    result = perturb("square", model, clean, HIDE, SquareParams(epsilon=8, queries=300))
    assert 0 <= result.perturbed.min() <= result.perturbed.max() <= 1
    assert result.norms.linf_255 == pytest.approx(8, abs=1e-3)
    assert losses(model, result.perturbed[None], HIDE)[0] < losses(model, clean[None], HIDE)[0]


def test_images_of_a_batch_have_squares_of_their_own() -> None:
    clean = np.full((2, 1, 16, 16), 0.5, dtype=np.float32)
    one, other = perturb_batch("square", linear_classifier(), clean, HIDE, SquareParams(queries=100))
    assert not np.array_equal(one, other)


class Decided(nn.Module):
    """One logit z as the classes (0, z + 10), so far apart that no attack succeeds and stops; keeps the lowest z."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.lowest = torch.tensor(torch.inf)

    def forward(self, x: Tensor) -> Tensor:
        z = self.network(x)
        self.lowest = torch.minimum(self.lowest, z)
        return torch.cat([torch.zeros_like(z), z + 10], dim=1)


def test_it_keeps_up_with_torchattacks() -> None:
    """Both search at random, so the mean gain over some images is compared, at an equal number of queries.

    Theirs never paints the last row and column, and spends queries on squares that are there already.
    """
    model, batch = linear_classifier(channels=3), random_pixels(16, 3, 16, 16, low=0.2, high=0.8)
    peer = Decided(model.network)
    torchattacks.Square(peer, eps=8 / 255, n_queries=499)(torch.from_numpy(batch), torch.ones(16, dtype=torch.long))
    ours = perturb_batch("square", model, batch, HIDE, SquareParams(epsilon=8, queries=500))
    clean = losses(model, batch, HIDE).mean()
    gain, peer_gain = clean - losses(model, ours, HIDE).mean(), clean - float(peer.lowest.mean())
    assert peer_gain < gain < 1.2 * peer_gain
