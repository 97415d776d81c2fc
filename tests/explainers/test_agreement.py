"""Agreement with Captum, where the work is done by code of our own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients, LayerAttribution, LayerGradCam, NoiseTunnel, Saliency
from torch import Tensor

from core.classifier import Classifier
from core.gradients import input_gradient
from core.values import Floats
from explainers import EXPLAINERS, explain
from explainers._baselines import baseline_image
from imaging.bundled import load_bundled
from imaging.geometry import geometry_of, to_model
from model_zoo.loading import load_classifier
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


@pytest.mark.thorough
def test_integrated_gradients_are_nearer_to_the_integral_than_as_many_steps_of_fixed_places() -> None:
    """With the default values, on a case for each of the standard models, against 193 points of the path; it takes at
    most 64 gradients, and Captum's own choice of places is asked for 64."""
    off: list[tuple[float, float]] = []
    for name, case in (
        ("cxr_pneumonia", "chest-ct-projection-1"),
        ("dermoscopy_melanoma", "mole-phantom-2"),
        ("fundus_referable_dr", "retina-phantom-2"),
    ):
        bundled, pixels = load_classifier(name), load_bundled(case).pixels
        shown = to_model(pixels, geometry_of(pixels, bundled.card.input), bundled.card.input.channels)
        image = torch.from_numpy(shown)[None]
        start = baseline_image("mean", image)
        way = (image - start)[0]
        places = torch.linspace(0, 1, 193)
        gradients = [
            input_gradient(bundled, start.lerp(image, each[:, None, None, None]), lambda logits: logits[:, 0])[0]
            for each in places.split(16)
        ]
        integral = (torch.trapezoid(torch.cat(gradients), places, dim=0) * way).sum(0)
        path = IntegratedGradients(bundled.network)
        theirs = path.attribute(image, start, target=0, n_steps=64, internal_batch_size=16)[0].sum(0).detach()
        heats = torch.from_numpy(explain("integrated_gradients", bundled, shown, 0).heat), theirs
        off.append(tuple(float((heat - integral).norm() / integral.norm()) for heat in heats))
    ours_off, theirs_off = np.array(off).T
    assert (ours_off < 0.1).all()
    assert ours_off.mean() < theirs_off.mean()


@pytest.mark.parametrize(("evidence", "sign"), [("for", 1), ("against", -1)])
def test_grad_cam(model: Classifier, x: Tensor, evidence: str, sign: int) -> None:
    cells = LayerGradCam(model.network, model.cam_layer).attribute(x, target=TARGET)
    theirs = LayerAttribution.interpolate((sign * cells).relu(), (32, 32), "bilinear")
    np.testing.assert_allclose(
        ours("grad_cam", model, x, evidence=evidence), theirs[0, 0].detach(), rtol=1e-5, atol=1e-7
    )
