"""Deletion, insertion and ROAD on a linear model: what each pixel adds is known, and so is the logit on the way."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import Tensor

from core.classifier import Classifier
from explainers.metrics.deletion import DeletionParams
from explainers.metrics.insertion import InsertionParams
from explainers.metrics.road import SHARES, RoadParams, filled, linked
from tests.explainers.metrics.asking import ask, pixels_of, square
from tests.toys import linear_classifier

IN_FOUR = DeletionParams(portions=4, fill="black")


@pytest.fixture
def model() -> Classifier:
    return linear_classifier(size=4)


def contributions(model: Classifier, x: Tensor) -> Tensor:
    """(h, w) what each pixel adds to the logit of a black picture."""
    return (model.network.weight * x)[0, 0]


def test_deletion_takes_away_what_the_pixels_added_the_most_first(model: Classifier) -> None:
    x = pixels_of(model)
    added = contributions(model, x)
    most_first = added.flatten().sort(descending=True).values.numpy()
    whole = float(model(x))
    logits = [whole - most_first[:taken].sum() for taken in (0, 4, 8, 12, 16)]
    measured = ask("deletion", added, IN_FOUR, model=model, x=x)
    assert [share for share, _ in measured.curve] == [0, 0.25, 0.5, 0.75, 1]
    assert [logit for _, logit in measured.curve] == pytest.approx(logits, abs=1e-5)
    assert measured.value == pytest.approx((logits[0] / 2 + sum(logits[1:4]) + logits[4] / 2) / 4, abs=1e-5)


def test_no_order_falls_faster_or_rises_faster_than_the_true_one(model: Classifier) -> None:
    x = pixels_of(model)
    added = contributions(model, x)
    restored = InsertionParams(portions=4, start="black")
    for seed in range(20):
        other = torch.rand(4, 4, generator=torch.Generator().manual_seed(seed))
        assert (
            ask("deletion", added, IN_FOUR, model=model, x=x).value
            < ask("deletion", other, IN_FOUR, model=model, x=x).value
        )
        assert (
            ask("insertion", added, restored, model=model, x=x).value
            > ask("insertion", other, restored, model=model, x=x).value
        )


def test_insertion_ends_where_deletion_begins(model: Classifier) -> None:
    """What one takes from a linear model, the other gives: the two curves add up to the same everywhere."""
    x = pixels_of(model)
    heat = contributions(model, x)
    away = ask("deletion", heat, IN_FOUR, model=model, x=x).curve
    back = ask("insertion", heat, InsertionParams(portions=4, start="black"), model=model, x=x).curve
    assert back[-1][1] == pytest.approx(float(model(x)), abs=1e-5)
    assert [a[1] + b[1] for a, b in zip(away, back, strict=True)] == pytest.approx([away[0][1] + away[-1][1]] * 5)


def test_ties_are_broken_at_random_and_not_from_the_top(model: Classifier) -> None:
    x = torch.ones(1, 1, 4, 4)
    model.network.weight[:] = 0
    model.network.weight[0, 0, :2] = 1
    heat = torch.zeros(4, 4)
    halves = [ask("deletion", heat, IN_FOUR, model=model, x=x, seed=seed).curve[2][1] for seed in range(40)]
    start, end = float(model(x)), float(model(torch.zeros_like(x)))
    assert np.mean(halves) == pytest.approx((start + end) / 2, abs=0.5)
    assert len(set(halves)) > 3


@pytest.mark.parametrize("key", ["deletion", "insertion", "road"])
def test_only_visible_pixels_change(key: str) -> None:
    model = linear_classifier(channels=3, size=16)
    visible, x, seen = square(16, 4, 4, 8), pixels_of(model), []
    watched = model.watched(lambda pictures, _logits: seen.append(pictures))
    ask(key, torch.rand(16, 16), model=watched, x=x, visible=visible)
    pictures = torch.cat(seen)
    changed = (pictures != x).any(1).any(0)
    assert changed[visible].float().mean() > 0.8
    assert not changed[~visible].any()


def test_a_ramp_is_filled_without_a_trace() -> None:
    """A linear picture is its own weighted mean, wherever a pixel has all eight neighbors."""
    ramp = (torch.arange(16).float()[:, None] * 0.02 + torch.arange(16) * 0.03).expand(1, 3, 16, 16).clone()
    holes = square(16, 3, 2, 9)
    spoiled = torch.where(holes, torch.rand(16, 16), ramp)
    everywhere = linked(torch.ones(16, 16, dtype=torch.bool))
    torch.testing.assert_close(filled(spoiled, holes, everywhere), ramp, atol=1e-6, rtol=0)


def test_a_hole_of_one_pixel_is_the_weighted_mean_of_its_neighbors() -> None:
    x = torch.rand(1, 1, 3, 3)
    hole = square(3, 1, 1, 1)
    near = torch.tensor([[1, 2, 1], [2, 0, 2], [1, 2, 1]]) / 12
    everywhere = torch.ones(3, 3, dtype=torch.bool)
    assert float(filled(x, hole, linked(everywhere))[0, 0, 1, 1]) == pytest.approx(float((x * near).sum()), abs=1e-6)
    lower = everywhere.clone()
    lower[0] = False
    near[0] = 0
    wanted = float((x * near).sum() / near.sum())
    assert float(filled(x, hole, linked(lower))[0, 0, 1, 1]) == pytest.approx(wanted, abs=1e-6)


def test_road_removes_what_the_map_marks() -> None:
    """Bright pixels on black raise the logit: a map that marks them has it down at once, its opposite never."""
    model, bright = linear_classifier(size=16), square(16, 3, 3, 5)
    model.network.weight[:], model.network.bias[:] = 1, 0
    x = bright.float().expand(1, 1, 16, 16)
    clean, still = RoadParams(noise=0.0), torch.rand(16, 16, generator=torch.Generator().manual_seed(0)) / 10
    right = ask("road", bright + still, clean, model=model, x=x)
    wrong = ask("road", ~bright + still, clean, model=model, x=x)
    assert [share for share, _ in right.curve] == list(SHARES)
    assert [logit for _, logit in right.curve] == pytest.approx([0] * 7, abs=1e-4)
    assert right.value == pytest.approx(0, abs=1e-4)
    assert [logit for _, logit in wrong.curve][:2] == pytest.approx([25, 25], abs=3)
    assert wrong.value == pytest.approx(np.mean([logit for _, logit in wrong.curve]))


def test_the_noise_of_road_is_of_the_size_it_says() -> None:
    model, seen = linear_classifier(size=32), []
    watched = model.watched(lambda pictures, _logits: seen.append(pictures))
    x = torch.full((1, 1, 32, 32), 0.5)
    ask("road", torch.rand(32, 32), RoadParams(noise=2.0), model=watched, x=x)
    holes = seen[0][-1][seen[0][-1] != 0.5]
    assert len(holes) == pytest.approx(0.9 * 32 * 32, abs=1)
    assert float(holes.std()) == pytest.approx(0.02, rel=0.1)


def test_what_the_model_cannot_see_does_not_leak_into_a_hole() -> None:
    model = linear_classifier(channels=3, size=16)
    model = dataclasses.replace(
        model, card=dataclasses.replace(model.card, input=dataclasses.replace(model.card.input, fit="fov"))
    )
    visible = torch.from_numpy(model.card.input.visible)
    x, seen = torch.where(visible, 0.8, 0.0).expand(1, 3, 16, 16), []
    watched = model.watched(lambda pictures, _logits: seen.append(pictures))
    ask("road", torch.rand(16, 16), RoadParams(noise=0.0), model=watched, x=x, visible=visible)
    torch.testing.assert_close(torch.cat(seen), x.expand(len(SHARES), 3, 16, 16))
