"""Attacks that look for the smallest change: against distances known by hand, and against other implementations."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
import torchattacks  # type: ignore[import-untyped]
from torch import Tensor, nn

from core.classifier import Classifier
from core.values import Direction, Floats, Goal, Perturbation
from perturbations import PERTURBATIONS, _decision, perturb, perturb_batch
from perturbations._decision import SURE, shortfall
from perturbations.carlini_wagner import CarliniWagnerParams
from perturbations.sparse import SparseParams
from tests.toys import Linear, linear_classifier, small_cnn_classifier

HUNTERS = ["deep_fool", "carlini_wagner", "fast_minimum_norm"]
each_hunter = pytest.mark.parametrize("key", HUNTERS)
both_ways = pytest.mark.parametrize("direction", ["hide", "induce"])


def random_pixels(*shape: int, low: float = 0.0, high: float = 1.0, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32)


def weight_of(model: Classifier) -> Floats:
    """(K, C, h, w) of a linear classifier."""
    assert isinstance(model.network, Linear)
    found: Floats = model.network.weight.numpy()
    return found


def deciding(
    direction: Direction, threshold: float = 0.5, temperature: float = 1.0
) -> tuple[Classifier, Floats, float]:
    """A linear model, a picture on which the goal is missed by some logits, and how many."""
    model, clean = linear_classifier(3), random_pixels(3, 16, 16, low=0.3, high=0.7)
    card = dataclasses.replace(model.card, operating_points={"only": (threshold,)}, temperature=temperature)
    edge = temperature * np.log(threshold / (1 - threshold))
    missing, sign = 0.8, 1 if direction == "hide" else -1
    with torch.no_grad():
        model.network.get_parameter("bias").add_(edge + sign * missing - float(model.predict(clean).logits[0]))
    return dataclasses.replace(model, card=card), clean, missing


def steep(channels: int = 1) -> Classifier:
    """A CNN whose logits move by several, as those of a trained one do; most pictures are flagged."""
    model = small_cnn_classifier(channels)
    with torch.no_grad():
        for parameter in model.network.get_submodule("head").parameters():
            parameter.mul_(20)
        model.network.get_submodule("head").bias.add_(5)
    return model


def size_of(made: Perturbation) -> float:
    """Euclidean, or in /255 for the search of the smallest epsilon."""
    return made.norms.linf_255 if made.method == "fast_minimum_norm" else made.norms.l2


@pytest.mark.parametrize(("threshold", "temperature"), [(0.5, 1.0), (0.9, 1.0), (0.1, 3.0)])
@both_ways
@each_hunter
def test_a_linear_model_gives_the_distance_to_its_border(
    key: str, direction: Direction, threshold: float, temperature: float
) -> None:
    model, clean, missing = deciding(direction, threshold, temperature)
    weight, goal = weight_of(model)[0], Goal(0, direction)
    assert not goal.reached(model.predict(clean))
    made = perturb(key, model, clean, goal)
    smallest = {
        "deep_fool": 1.02 * missing / float(np.linalg.norm(weight)),
        "carlini_wagner": missing / float(np.linalg.norm(weight)),
        "fast_minimum_norm": 255 * missing / float(np.abs(weight).sum()),
    }[key]
    assert made.reached.as_float
    assert smallest * (1 - 1e-4) <= size_of(made) <= smallest * 1.03


@each_hunter
def test_in_a_region_only_its_weights_count(key: str) -> None:
    model, clean, missing = deciding("hide")
    region = np.zeros((16, 16), dtype=np.bool_)
    region[4:12, 2:14] = True
    weight = weight_of(model)[0][:, region]
    made = perturb(key, model, clean, Goal(0, "hide"), region=region)
    nearest = 255 / float(np.abs(weight).sum()) if key == "fast_minimum_norm" else 1 / float(np.linalg.norm(weight))
    assert made.reached.as_float
    assert missing * nearest * (1 - 1e-4) <= size_of(made) <= 1.04 * missing * nearest


@each_hunter
def test_where_the_goal_is_reached_nothing_is_done(key: str) -> None:
    model, clean, _ = deciding("hide")
    made = perturb(key, model, clean, Goal(0, "induce"))
    assert np.array_equal(made.perturbed, clean)
    assert made.reached.as_float
    assert key != "deep_fool" or made.queries == 1


@each_hunter
def test_a_model_without_a_gradient_leaves_the_picture_alone(key: str) -> None:
    """And no division by nothing."""
    model, clean = linear_classifier(), random_pixels(1, 16, 16)
    with torch.no_grad():
        model.network.get_parameter("weight").zero_()
        model.network.get_parameter("bias").fill_(1)
    made = perturb(key, model, clean, Goal(0, "hide"))
    np.testing.assert_allclose(made.perturbed, clean, atol=1e-6)
    assert not made.reached.as_float


@each_hunter
def test_out_of_reach_it_comes_as_near_as_it_can(key: str) -> None:
    model, clean, _ = deciding("hide")
    with torch.no_grad():
        model.network.get_parameter("bias").add_(1000)
    made = perturb(key, model, clean, Goal(0, "hide"))
    assert not made.reached.as_float
    assert model.predict(made.perturbed).logits[0] < model.predict(clean).logits[0] - 1


@each_hunter
@pytest.mark.parametrize("channels", [1, 3])
def test_each_image_of_a_batch_just_flips(key: str, channels: int) -> None:
    """Whatever its neighbors need; those flipped already stay."""
    model, batch = steep(channels), random_pixels(4, channels, 32, 32)
    with torch.no_grad():
        logits = np.array([prediction.logits[0] for prediction in model.predict_batch(batch)])
        model.network.get_submodule("head").bias.sub_(float(np.sort(logits)[:2].mean()))
    flagged = np.array([prediction.positive[0] for prediction in model.predict_batch(batch)])
    assert flagged.sum() == 3
    made = perturb_batch(key, model, batch, Goal(0, "hide"))
    assert not any(prediction.positive[0] for prediction in model.predict_batch(made))
    assert np.array_equal(made[~flagged], batch[~flagged])
    assert all(prediction.logits[0] > -1 for prediction in model.predict_batch(made[flagged]))


def test_deep_fool_stops_at_the_first_picture_that_flips() -> None:
    model, clean = steep(), random_pixels(1, 32, 32)
    made = perturb("deep_fool", model, clean, Goal(0, "hide"))
    flipped = [float(step.logits[0]) < 0 for step in made.trajectory]
    assert flipped == [False] * (len(flipped) - 1) + [True]
    assert 1 < len(flipped) == made.queries < 51
    assert np.array_equal(made.trajectory[-1].perturbed, made.perturbed)


class Softmax(nn.Module):
    """One logit z as the two classes (0, z), whose softmax is the sigmoid of z: what torchattacks understands."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        z = self.network(x)
        return torch.cat([torch.zeros_like(z), z], dim=1)


@pytest.mark.parametrize("channels", [1, 3])
def test_deep_fool_equals_torchattacks(monkeypatch: pytest.MonkeyPatch, channels: int) -> None:
    """Which is not as sure, and steps to the border itself."""
    monkeypatch.setattr(_decision, "SURE", 0.0)
    model, batch = steep(channels), random_pixels(4, channels, 32, 32)
    ours = perturb_batch("deep_fool", model, batch, Goal(0, "hide"))
    theirs = torchattacks.DeepFool(Softmax(model.network))(torch.from_numpy(batch), torch.ones(4, dtype=torch.long))
    np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-5)


def test_carlini_wagner_finds_less_than_deep_fool_and_torchattacks() -> None:
    """Whose c is fixed."""
    model, batch = steep(), random_pixels(8, 1, 32, 32)
    x, flagged = torch.from_numpy(batch), torch.ones(8, dtype=torch.long)

    def lengths(made: Floats) -> Floats:
        assert not any(prediction.positive[0] for prediction in model.predict_batch(made))
        found: Floats = np.linalg.norm((made - batch).reshape(8, -1), axis=1)
        return found

    ours = lengths(perturb_batch("carlini_wagner", model, batch, Goal(0, "hide")))
    peer = torchattacks.CW(Softmax(model.network), c=1, steps=150, lr=0.005)
    assert ours.mean() <= 1.01 * lengths(peer(x, flagged).numpy()).mean()
    one_way = lengths(perturb_batch("deep_fool", model, batch, Goal(0, "hide")))
    assert ours.mean() < one_way.mean()
    assert (ours <= 1.01 * one_way).all()


@pytest.mark.parametrize("confidence", [0.0, 2.0])
def test_confidence_is_logits_beyond_the_border(confidence: float) -> None:
    model, clean = steep(), random_pixels(1, 32, 32)
    params = CarliniWagnerParams(confidence=confidence)
    made = perturb("carlini_wagner", model, clean, Goal(0, "hide"), params)
    assert -confidence - 0.2 < model.predict(made.perturbed).logits[0] <= -confidence


def test_more_rounds_are_never_worse() -> None:
    model, clean = steep(), random_pixels(1, 32, 32)
    sizes = [
        perturb("carlini_wagner", model, clean, Goal(0, "hide"), CarliniWagnerParams(rounds=rounds)).norms.l2
        for rounds in (1, 2, 4)
    ]
    assert sizes == sorted(sizes, reverse=True)


def test_the_smallest_epsilon_is_not_far_from_that_of_long_searches() -> None:
    """Four fifths of it do not suffice projected gradient descent, and a tenth more does."""
    model, clean, goal = steep(), random_pixels(1, 32, 32), Goal(0, "hide")
    found = perturb("fast_minimum_norm", model, clean, goal).norms.linf_255
    kind = PERTURBATIONS["pgd"].params
    below, above = (perturb("pgd", model, clean, goal, kind(epsilon=share * found, steps=100)) for share in (0.8, 1.1))
    assert above.reached.as_float
    assert not below.reached.as_float


@both_ways
@pytest.mark.parametrize(("head", "temperature"), [("independent", 2.0), ("exclusive", 2.0)])
def test_what_is_missing_is_counted_from_the_threshold(direction: Direction, head: str, temperature: float) -> None:
    """At 0 the decision is that of the classifier, with a little to spare."""
    model = linear_classifier(labels=2)
    points = {"only": (0.5, 0.7)}
    card = dataclasses.replace(model.card, head=head, temperature=temperature, operating_points=points)
    model, goal = dataclasses.replace(model, card=card), Goal(1, direction)
    sign, edge = 1 if direction == "hide" else -1, float(np.log(0.7 / 0.3)) * card.scale
    missing = shortfall(model, goal)
    logits = torch.tensor([[0.0, edge + sign * much] for much in (1.0, 0.0, -SURE, -1.0)])
    np.testing.assert_allclose(missing(logits), [1 + SURE, SURE, 0, SURE - 1], atol=1e-6)
    for row, prediction in zip(logits, model.interpret(logits), strict=True):
        assert goal.reached(prediction) or missing(row[None])[0] > 0
    assert goal.reached(model.interpret(torch.tensor([[0.0, edge - sign * 2 * SURE]]))[0])


def gains(weight: Floats, clean: Floats) -> Floats:
    """(h, w) what each pixel of a linear model can take off the logit."""
    found: Floats = np.maximum(weight * clean, weight * (clean - 1)).sum(axis=0)
    return found


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("pixels", "step_size", "share"), [(1, 2.0, 0.85), (10, 2.0, 0.9), (10, 0.2, 0.7), (5000, 0.2, 0.97)]
)
def test_few_pixels_do_what_few_can_do_to_a_linear_model(
    channels: int, pixels: int, step_size: float, share: float
) -> None:
    """At the first step a pixel counts by its weight, and long steps count its room as well."""
    model, clean = linear_classifier(channels), random_pixels(channels, 16, 16)
    made = perturb("sparse", model, clean, Goal(0, "hide"), SparseParams(pixels=pixels, step_size=step_size))
    most = np.sort(gains(weight_of(model)[0], clean).ravel())[::-1][:pixels].sum()
    done = float(model.predict(clean).logits[0] - model.predict(made.perturbed).logits[0])
    assert made.norms.changed * 256 <= pixels
    assert share * most <= done <= most * (1 + 1e-4)


def test_few_pixels_are_few_in_each_picture_on_the_way_and_in_a_region() -> None:
    model, clean, region = steep(3), random_pixels(3, 32, 32), np.zeros((32, 32), dtype=np.bool_)
    region[8:24, 8:24] = True
    made = perturb("sparse", model, clean, Goal(0, "hide"), SparseParams(pixels=12), region=region)
    counts = [int((step.perturbed != clean).any(axis=0).sum()) for step in made.trajectory]
    assert counts[0] == 0
    assert max(counts) == 12
    assert not (made.perturbed != clean).any(axis=0)[~region].any()
    assert model.predict(made.perturbed).logits[0] < model.predict(clean).logits[0] - 0.3
