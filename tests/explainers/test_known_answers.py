"""Maps that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.classifier import Classifier
from core.values import Floats
from evaluation.cautions import completeness_gap
from explainers import EXPLAINERS, explain
from imaging.overlay import has_evidence
from tests.toys import classifier, linear_classifier, small_cnn_classifier

gray_and_color = pytest.mark.parametrize("channels", [1, 3])


def picture(channels: int = 1, size: int = 16, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).random((channels, size, size), dtype=np.float32)


def weight_of(model: Classifier, target: int = 0) -> Floats:
    """(C, h, w)"""
    weight: Floats = model.network.weight[target].numpy()
    return weight


@gray_and_color
def test_saliency_of_a_linear_model_is_the_size_of_its_weights(channels: int) -> None:
    model, params = linear_classifier(channels), EXPLAINERS["saliency"].params
    size = np.abs(weight_of(model))
    for joined, expected in (("max", size.max(0)), ("sum", size.sum(0))):
        heat = explain("saliency", model, picture(channels), 0, params(channels=joined)).heat
        np.testing.assert_allclose(heat, expected, rtol=1e-6)


@gray_and_color
def test_smoothgrad_of_a_linear_model_is_its_saliency(channels: int) -> None:
    model = linear_classifier(channels)
    heat = explain("smoothgrad", model, picture(channels), 0).heat
    np.testing.assert_allclose(heat, np.abs(weight_of(model)).max(0), rtol=1e-5)


def test_smoothgrad_without_noise_is_saliency() -> None:
    model, pixels = small_cnn_classifier(3), picture(3, 32)
    still = EXPLAINERS["smoothgrad"].params(noise=0.0)
    np.testing.assert_allclose(
        explain("smoothgrad", model, pixels, 0, still).heat, explain("saliency", model, pixels, 0).heat, rtol=1e-5
    )


@gray_and_color
def test_integrated_gradients_of_a_linear_model_are_weight_times_change(channels: int) -> None:
    model, pixels, params = linear_classifier(channels), picture(channels), EXPLAINERS["integrated_gradients"].params
    references = {"black": np.zeros_like(pixels), "mean": pixels.mean((1, 2), keepdims=True)}
    for name, reference in references.items():
        result = explain("integrated_gradients", model, pixels, 0, params(baseline=name))
        np.testing.assert_allclose(result.heat, ((pixels - reference) * weight_of(model)).sum(0), atol=1e-6)
        assert result.residual == pytest.approx(0, abs=1e-5)


def test_integrated_gradients_of_a_black_picture_from_black_are_zero() -> None:
    result = explain("integrated_gradients", small_cnn_classifier(), np.zeros((1, 32, 32), np.float32), 0)
    assert not result.heat.any()
    assert result.residual == 0


class Bend(nn.Module):
    """logit = relu(sum(x) - bend): flat along the first part of the path from black, then straight."""

    def __init__(self, bend: float) -> None:
        super().__init__()
        self.bend = bend
        self.features = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return (self.features(x).sum((1, 2, 3)) - self.bend).relu()[:, None]


def test_integrated_gradients_add_steps_where_the_logit_bends() -> None:
    """Bend at 0.8 / 1.6 + 1 / 512 of the path: the eighth of 15 pieces misses it by 1 / 512, halving finds it."""
    pixels = np.full((1, 4, 4), 0.1, np.float32)
    network = Bend(0.8 + 1.6 / 512)
    model = classifier(network, network.features, channels=1, size=4, labels=1)
    params = EXPLAINERS["integrated_gradients"].params
    coarse = explain("integrated_gradients", model, pixels, 0, params(baseline="black", max_steps=16))
    fine = explain("integrated_gradients", model, pixels, 0, params(baseline="black", max_steps=96, tolerance=0.1))
    logit = 0.8 - 1.6 / 512
    assert coarse.residual == pytest.approx(1.6 / 512, abs=1e-5)
    assert abs(fine.residual or 0) < 0.001 * logit
    np.testing.assert_allclose(fine.heat, logit / 16, rtol=2e-3)


def test_the_residual_is_the_gap_of_the_sum() -> None:
    model, pixels = small_cnn_classifier(3, labels=2), picture(3, 32)
    params = EXPLAINERS["integrated_gradients"].params(baseline="black", max_steps=16, tolerance=100)
    result = explain("integrated_gradients", model, pixels, 1, params)
    logit, reference = (model.predict(p).logits[1] for p in (pixels, np.zeros_like(pixels)))
    assert result.residual == pytest.approx(float(result.heat.sum()) - float(logit - reference), abs=1e-5)


def test_a_smaller_tolerance_spends_more_steps_and_leaves_a_smaller_gap() -> None:
    model, x = small_cnn_classifier(3), torch.from_numpy(picture(3, 32))[None]
    method = EXPLAINERS["integrated_gradients"]
    steps, gaps = [], []
    for tolerance in (100.0, 1.0, 0.1):
        params = method.params(tolerance=tolerance, max_steps=1024)
        passes: list[int] = []
        watched = model.watched(lambda batch, logits, passes=passes: passes.append(len(batch)))
        method.function(watched, x, 0, params, torch.Generator())
        steps.append(sum(passes))
        gaps.append(abs(explain(method.key, model, x[0].numpy(), 0, params).residual or 0))
    assert steps == sorted(set(steps))
    assert steps[0] == 16
    assert steps[-1] < 1024
    assert gaps[0] > gaps[1] > gaps[2]


@gray_and_color
def test_occlusion_of_a_linear_model_sums_what_a_square_covers(channels: int) -> None:
    model, pixels = linear_classifier(channels), picture(channels)
    params = EXPLAINERS["occlusion"].params(window=25.0, stride=100.0, fill="black")
    tiles = (weight_of(model) * pixels).sum(0).reshape(4, 4, 4, 4).sum((1, 3))
    heat = explain("occlusion", model, pixels, 0, params).heat
    np.testing.assert_allclose(heat, np.kron(tiles, np.ones((4, 4))), atol=1e-5)


def test_overlapping_squares_are_averaged() -> None:
    model, pixels = linear_classifier(), picture()
    change = weight_of(model)[0] * (pixels[0] - pixels.mean())
    total, count = np.zeros((16, 16)), np.zeros((16, 16))
    for top in range(0, 13, 2):
        for left in range(0, 13, 2):
            square = slice(top, top + 4), slice(left, left + 4)
            total[square] += change[square].sum()
            count[square] += 1
    heat = explain("occlusion", model, pixels, 0, EXPLAINERS["occlusion"].params(window=25.0, fill="mean")).heat
    np.testing.assert_allclose(heat, total / count, atol=1e-5)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("occlusion", "fill"),
        ("rise", "fill"),
        ("lime", "fill"),
        ("kernel_shap", "baseline"),
        ("shap_partition", "baseline"),
    ],
)
def test_a_cover_that_shows_the_same_changes_nothing(key: str, name: str) -> None:
    model, even = small_cnn_classifier(3), np.full((3, 32, 32), 0.7, np.float32)
    for kind in ("mean", "blurred"):
        assert not has_evidence(explain(key, model, even, 0, EXPLAINERS[key].params(**{name: kind})))


class Rounding(nn.Module):
    """Two logits of 4, the first but for up to three steps of float32 by the place of a picture in its batch."""

    def forward(self, x: Tensor) -> Tensor:
        steps = torch.arange(len(x)) % 4
        return torch.stack([4 + steps * 4 * torch.finfo(torch.float32).eps, torch.full((len(x),), 4.0)], dim=1)


LOOKING = [method.key for method in EXPLAINERS if not method.needs]


@pytest.mark.parametrize("key", LOOKING)
@pytest.mark.parametrize("against", [None, 1])
def test_what_a_logit_moves_by_rounding_is_no_evidence(against: int | None, key: str) -> None:
    """Nor is what the difference of two logits moves by, which can be much smaller than both."""
    network = Rounding()
    model = classifier(network, network, channels=1, size=16, labels=2)
    assert len(model(torch.zeros(4, 1, 16, 16))[:, 0].unique()) == 4
    attribution = explain(key, model, picture(), 0, against=against)
    assert not has_evidence(attribution)
    assert completeness_gap(attribution) in (None, 0)


@pytest.mark.parametrize("key", LOOKING)
def test_what_moves_a_logit_by_more_than_rounding_is_evidence(key: str) -> None:
    model = linear_classifier()
    model.network.weight.mul_(1e-4)
    model.network.bias.fill_(1)
    assert has_evidence(explain(key, model, picture(), 0))


class TwoChannels(nn.Module):
    """Features: the picture averaged over cells of 4 x 4, and its negative; logit = first * mean + second * mean."""

    def __init__(self, first: float, second: float) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(4)
        self.features = nn.Identity()
        self.register_buffer("weights", torch.tensor([first, second], dtype=torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        cells = self.pool(x)
        features = self.features(torch.cat([cells, -cells], dim=1))
        return (features.mean((2, 3)) @ self.weights)[:, None]


def two_channels(first: float, second: float) -> Classifier:
    network = TwoChannels(first, second)
    return classifier(network, network.features, channels=1, size=16, labels=1)


def test_grad_cam_finds_the_bright_cell() -> None:
    """One of 16 cells is 1, the logit is (3 - 1) / 16 there, and nothing elsewhere."""
    pixels = np.zeros((1, 16, 16), np.float32)
    pixels[0, 4:8, 8:12] = 1
    heat = explain("grad_cam", two_channels(3, 1), pixels, 0).heat
    assert heat.max() <= 2 / 16 + 1e-6
    assert (heat[5:7, 9:11] > 0.75 * 2 / 16).all()
    assert not heat[12:].any()
    assert not heat[:, :4].any()
    assert heat.sum() == pytest.approx(2 / 16 * 16)


def test_grad_cam_without_evidence_is_zero_not_stretched() -> None:
    model, pixels = two_channels(-1, 0), picture()
    against = EXPLAINERS["grad_cam"].params(evidence="against")
    assert not explain("grad_cam", model, pixels, 0).heat.any()
    assert explain("grad_cam", model, pixels, 0, against).heat.min() > 0
    assert not explain("grad_cam", two_channels(1, 0), pixels, 0, against).heat.any()


def test_cells_for_minus_cells_against_add_up_to_the_logit() -> None:
    """On the toy with average pooling and a linear head, up to the bias of the head."""
    model, pixels = small_cnn_classifier(), picture(1, 32)
    kept = [
        explain("grad_cam", model, pixels, 0, EXPLAINERS["grad_cam"].params(evidence=evidence)).heat
        for evidence in ("for", "against")
    ]
    cells = [heat.mean() * 8 * 8 for heat in kept]
    logit = model.predict(pixels).logits[0] - model.network.head.bias[0].item()
    assert cells[0] - cells[1] == pytest.approx(logit, rel=0.05)
