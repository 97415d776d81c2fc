"""The CAM family against pytorch-grad-cam; XRAI and the counterfactual against answers worked out by hand.

pytorch-grad-cam cuts its maps at 0 and stretches them to [0, 1]; `stretched` does the same to ours.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import pytorch_grad_cam as library
import torch
from pytorch_grad_cam.utils.svd_on_activations import get_2d_projection
from scipy.sparse import csc_array
from torch import Tensor, nn
from torch.nn import functional

from core.classifier import Classifier
from core.errors import Unsupported
from core.values import Floats
from explainers import EXPLAINERS, explain
from explainers.xrai import _ranked
from tests.toys import classifier, linear_classifier, small_cnn_classifier

SIZE = 16


class Fine(nn.Module):
    """A feature map as large as the picture, and a linear head with a weight for each of its values."""

    def __init__(self, channels: int, labels: int, features: int, size: int) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(channels, features, 3, padding=1), nn.ReLU())
        self.head = nn.Linear(features * size * size, labels)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(x).flatten(1))
        return logits


def fine_classifier(channels: int = 1, features: int = 8, seed: int = 0, gain: float = 1) -> Classifier:
    """Random weights; its cells are pixels, so nothing is enlarged. gain multiplies the weights of the head."""
    network = Fine(channels, 2, features, SIZE)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / parameter.shape[-1] ** 0.5)
        network.head.weight.mul_(gain)
    return classifier(network, network.features, channels, SIZE, labels=2)


def picture(model: Classifier, seed: int = 0) -> Floats:
    spec = model.card.input
    return np.random.default_rng(seed).random((spec.channels, spec.size, spec.size), dtype=np.float32)


def ours(key: str, model: Classifier, target: int = 1, **values: Any) -> Floats:
    return explain(key, model, picture(model), target, EXPLAINERS[key].params(**values)).heat


def theirs(method: Callable[..., Any], model: Classifier, target: int = 1, sign: int = 1) -> Floats:
    x = torch.from_numpy(picture(model))[None].requires_grad_()
    with method(model.network, [model.cam_layer]) as cam:
        heat: Floats = cam(x, [lambda logits: sign * logits[target]])[0]
    return heat


def stretched(heat: Floats) -> Floats:
    heat = heat.clip(min=0)
    heat = heat - heat.min()
    return heat / heat.max()


@pytest.mark.parametrize("key", [method.key for method in EXPLAINERS if method.coarse])
def test_the_cells_that_a_map_was_enlarged_from_are_kept(key: str) -> None:
    model = small_cnn_classifier(labels=2, seed=8)
    made = explain(key, model, picture(model), 1)
    assert made.cells is not None
    assert made.cells.shape == (8, 8)
    assert made.cells.any()
    smooth = functional.interpolate(torch.from_numpy(made.cells)[None, None], size=32, mode="bilinear")
    np.testing.assert_allclose(made.heat, smooth[0, 0], atol=1e-6)


def test_cells_that_lie_outside_are_cut() -> None:
    model = small_cnn_classifier(labels=2, seed=8)
    whole = explain("hires_cam", model, picture(model), 1).cells
    assert whole is not None
    for rows, columns, held in (
        (slice(0, 14), slice(4, 32), np.s_[:4, 1:]),  # of cells of 4 by 4 pixels
        (slice(9, 11), slice(17, 19), np.s_[2:3, 4:5]),  # no center of a cell is in it
    ):
        region = np.zeros((32, 32), np.bool_)
        region[rows, columns] = True
        cut = explain("hires_cam", model, picture(model), 1, region=region).cells
        assert cut is not None
        inside = np.zeros((8, 8), np.bool_)
        inside[held] = True
        assert np.array_equal(cut[inside], whole[inside])
        assert whole[inside].any()
        assert not cut[~inside].any()


def feature_map(model: Classifier) -> Floats:
    """(D, rows, columns)"""
    maps: list[Tensor] = []
    with torch.no_grad():
        model.showing(maps.append)(torch.from_numpy(picture(model))[None])
    features: Floats = maps[0][0].numpy()
    return features


TOYS = {
    "cells of 4 x 4": lambda channels: small_cnn_classifier(channels, labels=2, seed=8),
    "cells of a pixel": fine_classifier,
}
every_toy = pytest.mark.parametrize("toy", TOYS)
gray_and_color = pytest.mark.parametrize("channels", [1, 3])
both_signs = pytest.mark.parametrize(("evidence", "sign"), [("for", 1), ("against", -1)])


@every_toy
@gray_and_color
@both_signs
@pytest.mark.parametrize(("key", "method"), [("grad_cam", library.GradCAM), ("layer_cam", library.LayerCAM)])
def test_like_the_library(key: str, method: Any, toy: str, channels: int, evidence: str, sign: int) -> None:
    model = TOYS[toy](channels)
    np.testing.assert_allclose(
        stretched(ours(key, model, evidence=evidence)), theirs(method, model, sign=sign), atol=1e-4
    )


@gray_and_color
@both_signs
def test_grad_cam_plus_plus_is_like_the_library_where_gradients_are_large(
    channels: int, evidence: str, sign: int
) -> None:
    """The library adds 1e-6 to 2 g^2 + sum(A) g^3 against division by zero, which drowns gradients below 0.001."""
    model = fine_classifier(channels, gain=100)
    np.testing.assert_allclose(
        stretched(ours("grad_cam_plus_plus", model, evidence=evidence)),
        theirs(library.GradCAMPlusPlus, model, sign=sign),
        atol=1e-4,
    )


@both_signs
def test_grad_cam_plus_plus_follows_the_paper_where_gradients_are_small(evidence: str, sign: int) -> None:
    model = fine_classifier(gain=0.01)
    features = feature_map(model).astype(np.float64)
    gradient = sign * model.network.head.weight[1].numpy().astype(np.float64).reshape(features.shape)
    alpha = gradient**2 / (2 * gradient**2 + features.sum((1, 2), keepdims=True) * gradient**3)
    weights = (alpha * gradient.clip(min=0)).sum((1, 2), keepdims=True)
    expected = (weights * features).sum(0).clip(min=0)
    np.testing.assert_allclose(ours("grad_cam_plus_plus", model, evidence=evidence), expected, rtol=1e-4)
    assert np.abs(gradient).max() < 0.001
    assert np.abs(stretched(expected) - theirs(library.GradCAMPlusPlus, model, sign=sign)).max() > 0.01


@gray_and_color
@pytest.mark.parametrize("sign", [1, -1])
def test_both_halves_of_hires_cam_are_like_the_library(channels: int, sign: int) -> None:
    """Ours keeps both signs."""
    model = fine_classifier(channels)
    heat = ours("hires_cam", model)
    assert heat.min() < 0 < heat.max()
    np.testing.assert_allclose(stretched(sign * heat), theirs(library.HiResCAM, model, sign=sign), atol=1e-4)


def test_hires_cam_adds_up_to_the_logit_but_for_the_bias() -> None:
    model = fine_classifier()
    logit = model.predict(picture(model)).logits[1] - model.network.head.bias[1].item()
    assert ours("hires_cam", model).sum() == pytest.approx(logit, rel=1e-4)


def test_hires_cam_is_grad_cam_where_the_feature_map_is_averaged() -> None:
    model = small_cnn_classifier(labels=2)
    for_it, against_it = (ours("grad_cam", model, evidence=evidence) for evidence in ("for", "against"))
    assert for_it.any()
    assert against_it.any()
    np.testing.assert_allclose(ours("hires_cam", model), for_it - against_it, atol=1e-6)


@gray_and_color
def test_score_cam_is_like_the_library(channels: int) -> None:
    """On cells of a pixel: the library enlarges its masks between the corners of the picture, ours between cells."""
    model = fine_classifier(channels)
    np.testing.assert_allclose(stretched(ours("score_cam", model)), theirs(library.ScoreCAM, model), atol=1e-4)


@pytest.mark.parametrize("fill", ["black", "mean"])
def test_score_cam_tries_the_channels_that_vary_most(fill: str) -> None:
    model = fine_classifier(features=40)
    features = feature_map(model)
    tried = features[np.argsort(-features.var((1, 2)))[:16]]
    low, high = tried.min((1, 2), keepdims=True), tried.max((1, 2), keepdims=True)
    pixels = picture(model)
    surround = 0 if fill == "black" else pixels.mean()
    masked = surround + (tried - low)[:, None] / (high - low)[:, None] * (pixels - surround)
    scores = np.array([model.predict(each.astype(np.float32)).logits[1] for each in masked])
    weights = np.exp(scores - scores.max())
    expected = np.tensordot(weights / weights.sum(), tried, axes=1)
    np.testing.assert_allclose(ours("score_cam", model, channels=16, fill=fill), expected, rtol=1e-3, atol=1e-5)


def test_score_cam_always_finds_something() -> None:
    """As its text warns: evidence against can't be seen."""
    model = fine_classifier()
    assert ours("score_cam", model).min() >= 0
    assert ours("score_cam", model).max() > 0


@every_toy
@gray_and_color
def test_eigen_cam_is_like_the_library_but_for_the_sign(toy: str, channels: int) -> None:
    """The sign of the library's component is whatever the linear algebra returns; ours grows with the features."""
    model = TOYS[toy](channels)
    strength = feature_map(model).sum(0)
    against = (get_2d_projection(feature_map(model)[None])[0] * (strength - strength.mean())).sum() < 0

    class Turned(library.EigenCAM):  # type: ignore[misc]
        def get_cam_image(self, *arguments: Any) -> Any:
            cells = super().get_cam_image(*arguments)
            return -cells if against else cells

    np.testing.assert_allclose(stretched(ours("eigen_cam", model)), theirs(Turned, model), atol=1e-4)


def test_eigen_cam_is_blind_to_the_finding_and_finds_what_stands_out() -> None:
    """The feature map is the picture itself: what is brighter than its mean."""
    model = linear_classifier(labels=2)
    expected = picture(model)[0] - picture(model).mean()
    for target in (0, 1):
        np.testing.assert_allclose(ours("eigen_cam", model, target), expected.clip(min=0), atol=1e-5)


def slowly_ranked(contributions: npt.NDArray[np.float64], regions: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """The greedy search as the paper words it."""
    heat, free = np.zeros(contributions.size), np.ones(contributions.size, dtype=np.bool_)
    while gains := [region & free for region in regions if (region & free).any()]:
        best = max(gains, key=lambda gain: contributions[gain].mean())
        heat[best], free = contributions[best].mean(), free & ~best
    heat[free] = contributions[free].mean() if free.any() else 0
    return heat


def test_xrai_takes_regions_by_what_they_add() -> None:
    """By hand: the right pair first (4 and 2), then what is left of the whole (1 and -5)."""
    regions = csc_array(np.array([[1, 1, 1, 1], [0, 0, 1, 1]], dtype=np.float64))
    np.testing.assert_allclose(_ranked(np.array([1.0, -5.0, 4.0, 2.0]), regions), [-2, -2, 3, 3])


@pytest.mark.parametrize("seed", range(5))
def test_xrai_takes_regions_as_the_plain_search_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    contributions, regions = rng.normal(size=60), rng.random((12, 60)) < 0.2
    expected = slowly_ranked(contributions, regions)
    np.testing.assert_allclose(_ranked(contributions, csc_array(regions.astype(np.float64))), expected, atol=1e-12)


@gray_and_color
def test_xrai_of_a_linear_model_adds_up_to_weight_times_distance_from_mid_gray(channels: int) -> None:
    model = linear_classifier(channels, labels=2)
    contributions = (model.network.weight[1].numpy() * (picture(model) - 0.5)).sum(0)
    assert ours("xrai", model).sum() == pytest.approx(contributions.sum(), abs=1e-4)


def test_xrai_loses_nothing_at_the_rim_of_what_a_model_sees() -> None:
    model = linear_classifier(size=64)
    spec = dataclasses.replace(model.card.input, fit="fov")
    blind = dataclasses.replace(model, card=dataclasses.replace(model.card, input=spec))
    model.network.weight.data *= torch.from_numpy(spec.visible)
    contributions = model.network.weight[0, 0].numpy() * (picture(model)[0] - 0.5)
    heat = explain("xrai", blind, picture(model), 0).heat
    assert heat.sum() == pytest.approx(contributions.sum(), abs=1e-4)
    assert np.abs(contributions).sum() > 1


def test_xrai_outlines_the_square_that_counts() -> None:
    """A bright square on dark ground, of weight 1 for each of its pixels and 0 elsewhere: (0.9 - 0.5) * 1 inside."""
    model, size = linear_classifier(size=64), 64
    inside = np.zeros((size, size), dtype=np.bool_)
    inside[16:40, 20:44] = True
    model.network.weight.data = torch.from_numpy(inside.astype(np.float32))[None, None]
    pixels = np.where(inside, 0.9, 0.2).astype(np.float32)[None]
    heat = explain("xrai", model, pixels, 0).heat
    core, far = heat[20:36, 24:40], np.ones_like(inside)
    far[11:45, 15:49] = False
    np.testing.assert_allclose(core, 0.4, rtol=1e-5)
    np.testing.assert_allclose(heat[far], 0, atol=1e-3)
    assert heat.sum() == pytest.approx(0.4 * inside.sum(), rel=1e-4)


OVERSHOOT = 0.01


@gray_and_color
@pytest.mark.parametrize("shade", [0.45, 0.55])
def test_the_counterfactual_of_a_linear_model_is_along_its_weights(channels: int, shade: float) -> None:
    """The distance to the threshold is |logit| / norm of the weights; no pixel gets near black or white."""
    model = linear_classifier(channels)
    weight = model.network.weight[0].numpy()
    pixels = np.full(weight.shape, 0.5, np.float32) + np.float32(shade - 0.5) * np.sign(weight)
    logit = model.predict(pixels).logits[0]
    assert np.sign(logit) == np.sign(shade - 0.5)
    change = -(logit + np.sign(logit) * OVERSHOOT) / (weight**2).sum() * weight
    np.testing.assert_allclose(explain("counterfactual", model, pixels, 0).heat, 255 * change.sum(0), atol=1e-3)


def test_the_counterfactual_of_a_linear_model_keeps_between_black_and_white() -> None:
    """Where pixels are stopped, the others go further along the weights: length found by bisection."""
    model = linear_classifier()
    weight = model.network.weight[0].numpy()
    pixels = (picture(model) * 1.6 - 0.3).clip(0, 1)
    logit = model.predict(pixels).logits[0]
    way = -np.sign(logit)
    short, long = 0.0, 10.0
    for _ in range(60):
        middle = (short + long) / 2
        moved = (pixels + way * middle * weight).clip(0, 1)
        reached = way * (logit + (weight * (moved - pixels)).sum()) >= OVERSHOOT
        short, long = (short, middle) if reached else (middle, long)
    assert ((moved == 0) | (moved == 1)).mean() > 0.2
    heat = explain("counterfactual", model, pixels, 0).heat
    np.testing.assert_allclose(heat, 255 * (moved - pixels)[0], atol=1e-2)


class Ball(nn.Module):
    """logit = radius^2 - squared distance from mid-gray."""

    def __init__(self, radius: float) -> None:
        super().__init__()
        self.radius = radius
        self.features = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.radius**2 - (self.features(x) - 0.5).square().sum((1, 2, 3))[:, None]


@pytest.mark.parametrize(("start", "radius"), [(1.2, 0.7), (0.5, 0.9)])
def test_the_counterfactual_of_a_ball_is_along_its_radius(start: float, radius: float) -> None:
    """From outside and from inside: the distance is the difference of the two radii."""
    network = Ball(radius)
    model = classifier(network, network.features, channels=1, size=8, labels=1)
    ray = np.random.default_rng(1).normal(size=(1, 8, 8))
    ray /= np.linalg.norm(ray)
    pixels = (0.5 + start * ray).astype(np.float32)
    heat = explain("counterfactual", model, pixels, 0).heat / 255
    assert np.linalg.norm(heat) == pytest.approx(abs(start - radius), rel=0.03)
    assert (heat * ray[0]).sum() == pytest.approx(radius - start, rel=0.03)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("threshold", "temperature"), [(0.5, 1.0), (0.4, 2.0), (0.6, 0.5)])
def test_the_decision_flips_at_the_changed_picture(seed: int, threshold: float, temperature: float) -> None:
    model = small_cnn_classifier(seed=seed)
    card = dataclasses.replace(model.card, operating_points={"balanced": (threshold,)}, temperature=temperature)
    model, pixels = dataclasses.replace(model, card=card), picture(model, seed)
    heat = explain("counterfactual", model, pixels, 0).heat
    changed = pixels + heat / np.float32(255)
    assert changed.min() >= -1e-6
    assert changed.max() <= 1 + 1e-6
    assert model.predict(changed.clip(0, 1)).positive[0] != model.predict(pixels).positive[0]


def test_the_counterfactual_of_a_contrast_makes_the_scores_equal() -> None:
    model = small_cnn_classifier(labels=2, seed=3)
    pixels = picture(model)
    heat = explain("counterfactual", model, pixels, 0, against=1).heat
    before, after = (model.predict(each).logits for each in (pixels, (pixels + heat / 255).clip(0, 1)))
    assert abs(before[0] - before[1]) > 0.05
    assert after[0] - after[1] == pytest.approx(0, abs=0.02)
    assert np.sign(after[0] - after[1]) != np.sign(before[0] - before[1])


def test_a_score_that_nothing_can_move_has_no_counterfactual() -> None:
    model = linear_classifier()
    model.network.weight.data.zero_()
    model.network.bias.data.fill_(1)
    with pytest.raises(Unsupported, match="found no change that takes the score across the threshold in 40 steps"):
        explain("counterfactual", model, picture(model), 0)


def test_the_search_ends_where_nothing_is_gained() -> None:
    passes: list[int] = []
    method, model = EXPLAINERS["counterfactual"], linear_classifier()
    watched = model.watched(lambda x, logits: passes.append(len(x)))
    method.function(watched, torch.from_numpy(picture(model))[None], 0, method.params(steps=200), torch.Generator())
    assert sum(passes) < 20
