"""Detectors on features that are known: those of a linear model whose feature map is the picture, a single pixel."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from sklearn.neighbors import KernelDensity  # type: ignore[import-untyped]
from torch import nn

from core.classifier import Classifier
from core.values import Floats
from defenses.bit_depth import rounded
from defenses.detectors import DETECTORS, Reference, detect, fit
from defenses.detectors.explanation_consistency import ExplanationConsistencyParams
from defenses.detectors.feature_squeezing import FeatureSqueezingParams
from defenses.detectors.kernel_density import KernelDensityParams
from defenses.detectors.lid import LidParams
from defenses.median_smoothing import smoothed
from explainers.metrics import rank_correlation
from tests.toys import Linear, classifier, linear_classifier, small_cnn_classifier

DIMENSIONS = 5


def flat_model() -> Classifier:
    """One pixel of five channels, which are its features; flagged where the first is 0.5 or more."""
    weight = torch.zeros(1, DIMENSIONS, 1, 1)
    weight[0, 0] = 10
    network = Linear(weight)
    return classifier(network, network.features, DIMENSIONS, 1, 1)


def points(values: Floats) -> Floats:
    """(M, D) features in [0, 1] -> the pictures that have them."""
    return values.astype(np.float32)[:, :, None, None]


def cloud(center: float, n: int, spread: float = 0.05, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).normal(center, spread, (n, DIMENSIONS)).clip(0, 1).astype(np.float32)


def test_the_reference_holds_features_answers_and_their_spread() -> None:
    values = np.array([[0.2] * 5, [0.2, 0.2, 0.2, 0.2, 0.3], [0.9] * 5, [0.9, 0.9, 0.9, 0.9, 0.6]], np.float32)
    reference = fit(flat_model(), points(values))
    np.testing.assert_allclose(reference.features.numpy(), values)
    assert reference.flagged.tolist() == [False, False, True, True]
    assert reference.spread == pytest.approx(0.2)  # 0.1, 0.1, 0.3, 0.3, of which the median is the mean of the middle


def test_the_density_is_that_of_scikit_learn_among_pictures_of_the_same_answer() -> None:
    low, high, asked = cloud(0.2, 30), cloud(0.8, 20, seed=1), np.concatenate([cloud(0.25, 2, 0.1), cloud(0.7, 2, 0.1)])
    reference = fit(flat_model(), points(np.concatenate([low, high])))
    found = detect("kernel_density", flat_model(), points(asked), reference, KernelDensityParams(bandwidth=2))
    width = 2 * reference.spread
    top = DIMENSIONS / 2 * math.log(2 * math.pi * width**2)  # of a normal density, which is 1 here
    for values, known, scores in ((asked[:2], low, found[:2]), (asked[2:], high, found[2:])):
        density = KernelDensity(bandwidth=width).fit(known).score_samples(values)
        np.testing.assert_allclose(scores, -density - top, rtol=1e-3)


def test_where_no_picture_got_the_same_answer_all_count() -> None:
    reference = fit(flat_model(), points(cloud(0.2, 10)))
    assert np.isfinite(detect("kernel_density", flat_model(), points(cloud(0.8, 3)), reference)).all()


@pytest.mark.parametrize("dimensions", [2, 5])
def test_the_intrinsic_dimension_of_an_evenly_filled_space(dimensions: int) -> None:
    rng = np.random.default_rng(0)
    values = np.full((4000, DIMENSIONS), 0.5)
    values[:, :dimensions] = rng.uniform(0, 1, (4000, dimensions))
    asked = np.full((40, DIMENSIONS), 0.5)
    asked[:, :dimensions] = rng.uniform(0.4, 0.6, (40, dimensions))
    model = flat_model()
    features = torch.from_numpy(values).float()
    reference = Reference(0, features, features[:, 0] > 0.5, 1.0)
    found = detect("lid", model, points(asked.astype(np.float32)), reference, LidParams(neighbors=50))
    assert float(np.median(found)) == pytest.approx(dimensions, rel=0.15)


def test_the_estimate_of_the_intrinsic_dimension_is_its_formula() -> None:
    values = 0.5 + np.diag([0.1, 0.2, 0.3, 0.4, 0.45]).astype(np.float32)
    reference = Reference(0, torch.from_numpy(values), torch.ones(5, dtype=torch.bool), 1.0)
    found = detect("lid", flat_model(), points(np.full((1, 5), 0.5, np.float32)), reference, LidParams(neighbors=3))
    assert float(found[0]) == pytest.approx(-3 / (math.log(0.1 / 0.3) + math.log(0.2 / 0.3)), rel=1e-4)


@pytest.mark.parametrize("key", ["kernel_density", "mahalanobis"])
def test_far_from_all_clean_pictures_is_suspicious(key: str) -> None:
    """Also for the distance that belongs to the model: here the number of spreads from the center."""
    known = cloud(0.3, 60)
    center = torch.from_numpy(known).mean(0)
    model = dataclasses.replace(
        flat_model(), distance=lambda x: ((x.flatten(1) - center) / 0.05).square().mean(1).sqrt()
    )
    reference = fit(model, points(known))
    usual = detect(key, model, points(cloud(0.3, 50, seed=1)), reference)
    unusual = detect(key, model, points(cloud(0.45, 50, seed=2)), reference)
    assert usual.max() < unusual.min()


@pytest.mark.parametrize("key", ["kernel_density", "lid"])
def test_who_knows_it_follows_the_gradient_of_the_whole_score(key: str) -> None:
    """Through all that the score is made of: the slope in any direction is that of the score itself."""
    model, method, step = flat_model(), DETECTORS[key], 2e-4
    known = cloud(0.3, 40, spread=0.1)
    reference = fit(model, points(known))
    x = torch.from_numpy(points(cloud(0.3, 3, spread=0.1, seed=2))).requires_grad_()
    scores = method.function(model, x, reference, method.params(), torch.Generator())
    (gradient,) = torch.autograd.grad(scores.sum(), x)
    for axis in range(DIMENSIONS):
        aside = step * np.eye(DIMENSIONS, dtype=np.float32)[axis][:, None, None]
        there, back = (detect(key, model, x.detach().numpy() + each, reference) for each in (aside, -aside))
        slope = (there - back) / (2 * step)
        np.testing.assert_allclose(gradient[:, axis, 0, 0].numpy(), slope, rtol=0.02, atol=0.05)


def test_squeezing_measures_the_larger_difference_of_probabilities() -> None:
    model = small_cnn_classifier(labels=2)
    x = np.random.default_rng(0).random((3, 1, 32, 32)).astype(np.float32)
    picture = torch.from_numpy(x)
    found = detect("feature_squeezing", model, x, params=FeatureSqueezingParams(bits=2))
    told, coarse, smooth = (torch.sigmoid(model(p)) for p in (picture, rounded(picture, 2), smoothed(picture, 1)))
    expected = torch.maximum((told - coarse).abs().sum(1), (told - smooth).abs().sum(1))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_an_answer_that_hangs_on_single_pixels_is_suspicious() -> None:
    model = linear_classifier()
    assert isinstance(model.network, Linear)
    sign = model.network.weight[0].detach().sign()
    even, pushed = torch.full((1, 16, 16), 0.5), 0.5 + 4 / 255 * sign
    scores = detect("feature_squeezing", model, torch.stack([even, pushed]).numpy())
    assert scores[1] > scores[0] + 0.05


def test_a_linear_model_explains_all_alike() -> None:
    x = np.random.default_rng(0).random((2, 1, 16, 16)).astype(np.float32)
    np.testing.assert_allclose(detect("explanation_consistency", linear_classifier(), x), 0, atol=1e-6)


def test_the_consistency_is_one_minus_the_rank_correlation() -> None:
    model, sigma = small_cnn_classifier(3), 16.0
    x = np.random.default_rng(0).random((1, 3, 32, 32)).astype(np.float32)
    noise = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(4)).numpy()
    maps = []
    for version in (x, (x + np.float32(sigma / 255) * noise).clip(0, 1)):
        picture = torch.from_numpy(version).requires_grad_()
        (gradient,) = torch.autograd.grad(model(picture).sum(), picture)
        maps.append(gradient[0].abs().sum(0).numpy())
    params = ExplanationConsistencyParams(sigma=sigma, draws=1)
    found = detect("explanation_consistency", model, x, params=params, seed=4)
    assert float(found[0]) == pytest.approx(1 - rank_correlation(*maps), abs=1e-5)


def test_a_map_that_noise_turns_over_is_suspicious() -> None:
    """The gradient of a sine that is much faster than the noise is another one at each copy."""

    class Restless(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.features = nn.Identity()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.sin(1000 * self.features(x)).sum((1, 2, 3))[:, None]

    network = Restless()
    x = np.random.default_rng(0).random((2, 1, 16, 16)).astype(np.float32)
    scores = detect("explanation_consistency", classifier(network, network.features, 1, 16, 1), x)
    np.testing.assert_allclose(scores, 1, atol=0.15)
