"""What every detector promises, asked of each entry of the registry."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pytest
import torch
from torch import Tensor

from core.classifier import Classifier
from core.errors import BrokenPromise, Cancelled, InputError, ParameterError, UnknownName, Unsupported
from core.values import Floats
from defenses.detectors import DETECTORS, Reference, detect, fit
from tests.declared import explains_itself
from tests.toys import small_cnn_classifier

KEYS = [method.key for method in DETECTORS]
RANDOM = {"explanation_consistency"}

every_detector = pytest.mark.parametrize("key", KEYS)
gray_and_color = pytest.mark.parametrize("channels", [1, 3])


def toy(channels: int = 1) -> Classifier:
    """A small network; how far away a picture is, is its root mean square."""
    return dataclasses.replace(small_cnn_classifier(channels), distance=lambda x: x.square().mean((1, 2, 3)).sqrt())


def pictures(channels: int = 1, n: int = 3, seed: int = 0) -> Floats:
    values = np.random.default_rng(seed).uniform(-0.2, 1.2, (n, channels, 32, 32))
    return values.clip(0, 1).astype(np.float32)


def fitted(model: Classifier, channels: int = 1) -> Reference:
    return fit(model, pictures(channels, 12, seed=9))


def test_the_five_are_there() -> None:
    assert set(KEYS) == {"feature_squeezing", "mahalanobis", "kernel_density", "lid", "explanation_consistency"}


@every_detector
@gray_and_color
def test_one_finite_score_for_each_picture(key: str, channels: int) -> None:
    model = toy(channels)
    scores = detect(key, model, pictures(channels, 20), fitted(model, channels))
    assert scores.shape == (20,)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    assert len(np.unique(scores)) > 1


@every_detector
def test_an_even_picture_has_a_score_too(key: str) -> None:
    model = toy()
    assert np.isfinite(detect(key, model, np.full((1, 1, 32, 32), 0.5, np.float32), fitted(model))).all()


@every_detector
def test_a_picture_does_not_depend_on_its_neighbors(key: str) -> None:
    model = toy()
    reference, batch = fitted(model), pictures()
    others = np.concatenate([batch[:1], pictures(n=2, seed=1)])
    first, again = (detect(key, model, images, reference)[0] for images in (batch, others))
    assert first == pytest.approx(again, abs=1e-5)


@every_detector
def test_the_seed_decides(key: str) -> None:
    model = toy()
    first, again, other = (detect(key, model, pictures(), fitted(model), seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert np.array_equal(first, other) == (key not in RANDOM)


@every_detector
def test_its_gradient_is_there_where_it_is_declared(key: str) -> None:
    method, model, x = DETECTORS[key], toy(), torch.from_numpy(pictures()).requires_grad_()
    scores: Tensor = method.function(model, x, fitted(model), method.params(), torch.Generator().manual_seed(0))
    assert scores.requires_grad == method.differentiable
    if method.differentiable:
        (gradient,) = torch.autograd.grad(scores.sum(), x)
        assert gradient.isfinite().all()
        assert gradient.abs().amax(dim=(1, 2, 3)).min() > 0


@every_detector
def test_progress_rises_to_one_and_passes_are_as_declared(key: str) -> None:
    model, images, seen = toy(), list[int](), list[float]()
    reference = fitted(model)
    handle = model.network.register_forward_hook(lambda _, inputs, __: images.append(len(inputs[0])))
    detect(key, model, pictures(), reference, report=seen.append)
    handle.remove()
    assert sum(images) == 3 * DETECTORS[key].passes(DETECTORS[key].params(), (1, 32, 32))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


@every_detector
def test_cancel_stops_it(key: str) -> None:
    model, cancel = toy(), threading.Event()
    reference = fitted(model)
    cancel.set()
    with pytest.raises(Cancelled):
        detect(key, model, pictures(), reference, cancel=cancel)
    with pytest.raises(Cancelled):
        fit(model, pictures(), cancel=cancel)


@every_detector
def test_the_model_and_the_pictures_stay_as_they_were(key: str) -> None:
    model, images = toy(), pictures()
    before = {name: value.clone() for name, value in model.network.state_dict().items()}
    detect(key, model, images, fitted(model))
    assert np.array_equal(images, pictures())
    assert all(torch.equal(value, before[name]) for name, value in model.network.state_dict().items())
    assert all(p.grad is None and not p.requires_grad for p in model.network.parameters())
    assert not any(module._forward_hooks or module._backward_hooks for module in model.network.modules())
    assert model.lock.acquire(blocking=False)


@every_detector
def test_the_text_and_the_parameters_explain_themselves(key: str) -> None:
    explains_itself(DETECTORS[key])


@pytest.mark.parametrize("found", [torch.zeros(2), torch.full((3,), torch.nan), torch.zeros(3).double()])
def test_a_broken_promise_is_caught(monkeypatch: pytest.MonkeyPatch, found: Tensor) -> None:
    lie = dataclasses.replace(DETECTORS["mahalanobis"], function=lambda *_: found)
    monkeypatch.setitem(DETECTORS._methods, "mahalanobis", lie)
    with pytest.raises(BrokenPromise, match=r"promised \(3,\) finite torch.float32"):
        detect("mahalanobis", toy(), pictures())


def test_wrong_requests_are_refused() -> None:
    model = small_cnn_classifier()
    with pytest.raises(UnknownName, match=r"Choose one of: .*lid"):
        detect("lied", model, pictures())
    with pytest.raises(ParameterError, match="must be LidParams"):
        detect("lid", model, pictures(), fitted(model), DETECTORS["mahalanobis"].params())
    with pytest.raises(Unsupported, match=r"Call fit\(\) first"):
        detect("lid", model, pictures())
    with pytest.raises(Unsupported, match="needs a distance from the training data"):
        detect("mahalanobis", model, pictures())
    with pytest.raises(InputError, match="takes"):
        detect("feature_squeezing", model, pictures(3))
    with pytest.raises(InputError, match="needs 2 pictures, not 1"):
        fit(model, pictures(n=1))
    with pytest.raises(Unsupported, match="needs a feature map"):
        fit(dataclasses.replace(model, cam_layer=None), pictures())
