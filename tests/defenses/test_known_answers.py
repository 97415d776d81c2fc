"""Defenses against libraries, formulas, and a linear model whose answers are known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from scipy.ndimage import median_filter
from skimage.restoration import denoise_tv_chambolle
from torch.nn import functional

from core.classifier import Classifier
from core.errors import Unsupported
from core.gradients import input_gradient
from core.values import Goal
from defenses import DEFENSES, defend
from defenses._transforms import straight_through
from defenses.bilateral_smoothing import smoothed as bilateral
from defenses.bit_depth import BitDepthParams, rounded
from defenses.ensemble import EnsembleParams
from defenses.input_reconstruction import InputReconstructionParams
from defenses.jpeg_compression import compressed, soft
from defenses.logit_noise import LogitNoiseParams
from defenses.median_smoothing import smoothed as median
from defenses.random_resize_pad import RandomResizePadParams
from defenses.randomized_smoothing import RandomizedSmoothingParams
from defenses.total_variation import smoothed as variation
from perturbations import perturb, through_jpeg
from perturbations.pgd import PgdParams
from tests.toys import Linear, linear_classifier, small_cnn_classifier

gray_and_color = pytest.mark.parametrize("channels", [1, 3])


def pictures(channels: int = 1, size: int = 16, n: int = 2) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).random((n, channels, size, size), dtype=np.float32))


def weights(model: Classifier) -> torch.Tensor:
    assert isinstance(model.network, Linear)
    return model.network.weight.detach()


def shown(key: str, x: torch.Tensor, **params: float) -> torch.Tensor:
    """What the network is shown in place of x."""
    model, seen = small_cnn_classifier(x.shape[1], x.shape[2]), list[torch.Tensor]()
    handle = model.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        defend(key, model, DEFENSES[key].params(**params))(x)
    handle.remove()
    return seen[0]


def test_straight_through_is_exact_forward_and_the_identity_backward() -> None:
    x = pictures().requires_grad_()
    y = straight_through(lambda picture: (3 * picture).round() / 3)(x)
    assert torch.equal(y, (3 * x).round() / 3)
    upstream = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    (gradient,) = torch.autograd.grad(y, x, upstream)
    assert torch.equal(gradient, upstream)


def test_the_knowing_attacker_gets_the_gradient_of_the_picture_that_is_shown() -> None:
    """BPDA: of a curved model, its gradient at the changed picture, as if the change were the identity."""
    model, x = small_cnn_classifier(size=16), pictures()
    gradient, _ = input_gradient(defend("bit_depth", model), x, lambda z: z[:, 0])
    expected, _ = input_gradient(model, shown("bit_depth", x), lambda z: z[:, 0])
    torch.testing.assert_close(gradient, expected)
    assert gradient.abs().max() > 0


def test_gray_levels() -> None:
    x = torch.tensor([0.0, 0.1, 0.2, 0.49, 0.51, 0.9, 1.0])
    assert rounded(x, 1).tolist() == [0, 0, 0, 0, 1, 1, 1]
    torch.testing.assert_close(rounded(x, 2), torch.tensor([0, 0, 1, 1, 2, 3, 3]) / 3)
    stored = torch.arange(256) / 255
    torch.testing.assert_close(rounded(stored, 8), stored)
    assert shown("bit_depth", pictures(), bits=3).unique().numel() == 8


@pytest.mark.parametrize("radius", [1, 2, 3])
@gray_and_color
def test_the_median_is_that_of_scipy(channels: int, radius: int) -> None:
    x, side = pictures(channels), 2 * radius + 1
    expected = median_filter(x.numpy(), size=(1, 1, side, side), mode="nearest")
    assert np.array_equal(median(x, radius).numpy(), expected)


@gray_and_color
def test_the_bilateral_filter_is_its_formula(channels: int) -> None:
    """Scikit-image's is not: its weights of space are centered beside the pixel."""
    x = pictures(channels, 8, 1)
    picture = np.pad(x[0].numpy().astype(np.float64), ((0, 0), (2, 2), (2, 2)), mode="edge")
    away = np.hypot(*np.mgrid[-2:3, -2:3])
    for row, column in np.ndindex(8, 8):
        window = picture[:, row : row + 5, column : column + 5]
        apart = np.square(window - picture[:, row + 2, column + 2, None, None]).sum(axis=0)
        weight = np.exp(-(away**2) / (2 * 1.5**2) - apart / (2 * 0.3**2))
        expected = (weight * window).sum(axis=(1, 2)) / weight.sum()
        np.testing.assert_allclose(bilateral(x, 2, 1.5, 0.3)[0, :, row, column], expected, atol=1e-5)


def test_a_bilateral_filter_keeps_a_large_edge_and_evens_out_small_differences() -> None:
    x = torch.zeros(1, 1, 16, 16)
    x[..., 8:] = 0.8
    x[..., 3, 3] = 0.02
    y = bilateral(x, 2, 1.5, 20 / 255)
    assert float(y[0, 0, 3, 3]) < 0.01
    np.testing.assert_allclose(y[0, 0, 10, [6, 7, 8, 9]], [0, 0, 0.8, 0.8], atol=1e-4)


@pytest.mark.parametrize("quality", [10, 75, 95])
@gray_and_color
def test_jpeg_is_that_of_a_file(channels: int, quality: int) -> None:
    x = pictures(channels, 32)
    for picture, ours in zip(x.numpy(), compressed(x, quality).numpy(), strict=True):
        np.testing.assert_allclose(ours, through_jpeg(picture, quality), atol=1e-6)


@pytest.mark.parametrize("quality", [30, 75, 95])
@gray_and_color
def test_the_soft_rounding_is_like_the_file(channels: int, quality: int) -> None:
    x = functional.interpolate(pictures(channels, 8), (50, 36), mode="bilinear")
    file = compressed(x, quality)
    assert float((soft(x, quality) - file).abs().mean()) * 255 < 2
    assert float((soft(x, quality) - file).abs().mean()) < float((x - file).abs().mean()) + 0.5 / 255
    model = small_cnn_classifier(channels, 32)
    defended = defend("jpeg_compression", model)
    y = pictures(channels, 32).requires_grad_()
    torch.testing.assert_close(defended(y), defended(y.detach()), atol=1e-5, rtol=1e-5)


def test_the_soft_rounding_points_to_the_coefficients_that_are_near_the_next_step() -> None:
    """A change of brightness moves the first coefficient alone: 8 times as far, and it is divided by its step."""
    step = 16  # of the first coefficient at quality 50, as of table K.1 of the standard
    slopes = []
    for levels in (128, 128 + step / 32, 128 + step / 16):  # on a step, a quarter and half of the way to the next
        x = torch.full((1, 1, 8, 8), levels / 255, requires_grad=True)
        (gradient,) = torch.autograd.grad(soft(x, 50).sum(), x)
        slopes.append(float(gradient.mean()))
    assert slopes == pytest.approx([0, 3 * 0.25**2, 3 * 0.5**2], abs=1e-3)


@gray_and_color
def test_total_variation_is_that_of_scikit_image(channels: int) -> None:
    """Theirs returns what it had before its last step."""
    x = pictures(channels)
    for picture, ours in zip(x.numpy(), variation(x, 0.1, 30).numpy(), strict=True):
        theirs = [denoise_tv_chambolle(plane, weight=0.1, eps=0, max_num_iter=31) for plane in picture]
        np.testing.assert_allclose(ours, np.stack(theirs), atol=1e-5)


def test_total_variation_falls_and_the_mean_stays() -> None:
    x = 0.3 + 0.4 * pictures()
    y = variation(x, 0.03, 50)
    assert float(y.diff(dim=2).abs().sum() + y.diff(dim=3).abs().sum()) < 0.8 * float(
        x.diff(dim=2).abs().sum() + x.diff(dim=3).abs().sum()
    )
    torch.testing.assert_close(y.mean((1, 2, 3)), x.mean((1, 2, 3)))
    even = torch.full((1, 1, 16, 16), 0.4)
    torch.testing.assert_close(variation(even, 0.1, 20), even)


def test_a_shrunken_picture_lies_whole_on_black() -> None:
    white = torch.ones(64, 1, 20, 20)
    shares = shown("random_resize_pad", white, smallest=0.5).mean((1, 2, 3))
    sides = shares.sqrt() * 20
    np.testing.assert_allclose(sides, sides.round(), atol=0.6)
    assert 0.5 <= float(shares.sqrt().min()) < 0.6
    assert 0.9 < float(shares.sqrt().max()) <= 1
    assert torch.equal(shown("random_resize_pad", white, smallest=1), white)


def test_the_model_is_shown_what_its_denoiser_makes_of_the_picture() -> None:
    """And the attacker who knows follows the gradient of both."""
    model, x = dataclasses.replace(linear_classifier(), denoiser=lambda: lambda x: x.square()), pictures()
    for strength in (0.0, 0.25, 1.0):
        defended = defend("input_reconstruction", model, InputReconstructionParams(strength))
        torch.testing.assert_close(defended(x), model(x + strength * (x.square() - x)))
        gradient, _ = input_gradient(defended, x, lambda z: z[:, 0])
        torch.testing.assert_close(gradient, weights(model) * (1 - strength + 2 * strength * x))
    with pytest.raises(Unsupported, match="needs a denoiser, which this model does not offer"):
        defend("input_reconstruction", linear_classifier())


def test_a_denoiser_holds_off_the_attacker_who_does_not_know_it() -> None:
    """One that takes back what the attack does to each pixel, unless it reaches into the neighboring columns."""
    model, pixels, hide = linear_classifier(), pictures(n=1)[0].numpy(), Goal(0, "hide")
    model = dataclasses.replace(model, denoiser=lambda: lambda x: functional.avg_pool2d(x, (1, 5), 1, (0, 2)))
    defended, logits = defend("input_reconstruction", model), {}
    for name, target in (("unknowing", model), ("knowing", defended)):
        found = perturb("pgd", target, pixels, hide, PgdParams(epsilon=8, steps=5))
        logits[name] = defended.predict(pixels).logits[0] - defended.predict(found.perturbed).logits[0]
        if target is model:
            alone = model.predict(pixels).logits[0] - model.predict(found.perturbed).logits[0]
    assert logits["unknowing"] < 0.5 * alone
    assert logits["knowing"] > 1.5 * logits["unknowing"]


def test_an_ensemble_is_the_mean_of_calibrated_logits() -> None:
    model, other = linear_classifier(), linear_classifier(seed=1)
    model = dataclasses.replace(model, card=dataclasses.replace(model.card, temperature=2.0))
    other = dataclasses.replace(other, card=dataclasses.replace(other.card, temperature=0.5))
    model, x = dataclasses.replace(model, surrogate=lambda: other), pictures()
    torch.testing.assert_close(defend("ensemble", model)(x), (model(x) + 4 * other(x)) / 2)
    alone = defend("ensemble", model, EnsembleParams(weight=0))
    torch.testing.assert_close(alone(x), model(x))
    gradient, _ = input_gradient(defend("ensemble", model), x, lambda z: z[:, 0])
    torch.testing.assert_close(gradient[:1], (weights(model) + 4 * weights(other)) / 2)


def test_where_both_models_agree_the_ensemble_agrees() -> None:
    """Whatever their thresholds are."""
    model, other = linear_classifier(), linear_classifier(seed=1)
    model = dataclasses.replace(model, card=dataclasses.replace(model.card, operating_points={"balanced": (0.2,)}))
    other = dataclasses.replace(other, card=dataclasses.replace(other.card, operating_points={"balanced": (0.7,)}))
    both, x = defend("ensemble", dataclasses.replace(model, surrogate=lambda: other)), pictures(n=200).numpy()
    flags = [[prediction.positive[0] for prediction in each.predict_batch(x)] for each in (model, other, both)]
    agreeing = [triple for triple in zip(*flags, strict=True) if triple[0] == triple[1]]
    assert {first for first, _, _ in agreeing} == {True, False}
    assert all(first == together for first, _, together in agreeing)


def test_smoothing_a_linear_model_leaves_it_as_it_is() -> None:
    """But for the noise that is left, which the mean over draws makes small."""
    model, x, size = linear_classifier(), 0.4 + 0.2 * pictures(), float(weights(linear_classifier()).norm())
    defended = defend("randomized_smoothing", model, RandomizedSmoothingParams(sigma=10, draws=64))
    apart = torch.stack([defended(x) for _ in range(20)]) - model(x)
    assert float(apart.std()) == pytest.approx(10 / 255 * size / 8, rel=0.3)
    assert abs(float(apart.mean())) < 4 * 10 / 255 * size / 8 / 20**0.5
    gradient, _ = input_gradient(defended, x, lambda z: z[:, 0])
    torch.testing.assert_close(gradient[:1], weights(model))


def test_noise_on_logits_has_its_size_and_leaves_the_gradient() -> None:
    model, x = linear_classifier(), pictures()
    defended = defend("logit_noise", model, LogitNoiseParams(sigma=2))
    apart = torch.stack([defended(x) for _ in range(500)]) - model(x)
    assert float(apart.std()) == pytest.approx(2, rel=0.1)
    assert abs(float(apart.mean())) < 0.25
    gradient, _ = input_gradient(defended, x, lambda z: z[:, 0])
    torch.testing.assert_close(gradient[:1], weights(model))


def test_averaging_over_draws_finds_more_than_one_draw() -> None:
    """Expectation over transformation, against a defense that answers by chance."""
    model, pixels, hide = linear_classifier(size=24), pictures(size=24, n=1)[0].numpy(), Goal(0, "hide")
    logits = []
    for averaged in (1, 8):
        defended = defend("random_resize_pad", model, RandomResizePadParams(smallest=0.7))
        found = perturb("pgd", defended, pixels, hide, PgdParams(epsilon=8, steps=10, averaged=averaged))
        judge = defend("random_resize_pad", model, RandomResizePadParams(smallest=0.7), seed=9)
        logits.append(np.mean([judge.predict(found.perturbed).logits[0] for _ in range(200)]))
    assert logits[1] < logits[0]


def test_of_two_defenses_the_last_added_comes_first() -> None:
    model, x = linear_classifier(), pictures()
    both = defend("bit_depth", defend("total_variation", model), BitDepthParams(bits=2))
    torch.testing.assert_close(both(x), model(variation(rounded(x, 2), 0.03, 20)))
