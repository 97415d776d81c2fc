"""Agreement with Captum, where the work is done by code of our own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients, LayerAttribution, LayerGradCam, NoiseTunnel, Saliency
from torch import Tensor

from core.classifier import Classifier
from core.values import Floats
from explainers import EXPLAINERS, explain
from tests.toys import small_cnn_classifier

TARGET = 1


@pytest.fixture(params=[1, 3])
def model(request: pytest.FixtureRequest) -> Classifier:
    return small_cnn_classifier(request.param, labels=2, seed=5)


@pytest.fixture
def x(model: Classifier) -> Tensor:
    """Away from black and white, so that noise is never cut off."""
    generator = torch.Generator().manual_seed(7)
    return 0.4 + 0.2 * torch.rand(1, model.card.input.channels, 32, 32, generator=generator)


def ours(key: str, model: Classifier, x: Tensor, seed: int = 0, **values: object) -> Floats:
    return explain(key, model, x[0].numpy(), TARGET, EXPLAINERS[key].params(**values), seed=seed).heat


def test_saliency(model: Classifier, x: Tensor) -> None:
    theirs = Saliency(model.network).attribute(x.clone().requires_grad_(), target=TARGET)
    np.testing.assert_allclose(ours("saliency", model, x), theirs[0].amax(0).detach(), rtol=1e-5, atol=1e-7)


def test_smoothgrad(model: Classifier, x: Tensor) -> None:
    deviation = 0.05 * float(x.max() - x.min())
    torch.manual_seed(11)
    theirs = NoiseTunnel(Saliency(model.network)).attribute(
        x.clone().requires_grad_(), nt_type="smoothgrad", nt_samples=8, stdevs=deviation, target=TARGET, abs=False
    )
    heat = ours("smoothgrad", model, x, seed=11, noise=5.0, samples=8)
    np.testing.assert_allclose(heat, theirs[0].abs().amax(0).detach(), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("baseline", ["black", "mean"])
def test_integrated_gradients(model: Classifier, x: Tensor, baseline: str) -> None:
    """With the 16 points they start from; the weights of Captum's trapezoidal rule sum to 15 / 16 on these."""
    start = torch.zeros_like(x) if baseline == "black" else x.mean((2, 3), keepdim=True).expand_as(x)
    path = IntegratedGradients(model.network)
    theirs = path.attribute(x, start, target=TARGET, n_steps=16, method="riemann_trapezoid")
    heat = ours("integrated_gradients", model, x, baseline=baseline, max_steps=16)
    np.testing.assert_allclose(heat, theirs[0].sum(0) * 16 / 15, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("evidence", "sign"), [("for", 1), ("against", -1)])
def test_grad_cam(model: Classifier, x: Tensor, evidence: str, sign: int) -> None:
    cells = LayerGradCam(model.network, model.cam_layer).attribute(x, target=TARGET)
    theirs = LayerAttribution.interpolate((sign * cells).relu(), (32, 32), "bilinear")
    np.testing.assert_allclose(
        ours("grad_cam", model, x, evidence=evidence), theirs[0, 0].detach(), rtol=1e-5, atol=1e-7
    )
