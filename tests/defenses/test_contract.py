"""What every defense promises, asked of each entry of the registry."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import avg_pool2d

from core.classifier import Classifier
from core.errors import Cancelled, ParameterError, UnknownName, Unsupported
from core.gradients import input_gradient
from core.params import Params, ParamSpec
from core.values import Floats, Goal
from defenses import DEFENSES, Family, defend
from explainers import explain
from perturbations import perturb
from perturbations.pgd import PgdParams
from tests.declared import explains_itself
from tests.toys import small_cnn_classifier

KEYS = [method.key for method in DEFENSES]
HIDE = Goal(0, "hide")
CHEAP: dict[str, dict[str, Any]] = {"randomized_smoothing": {"draws": 3}}

every_defense = pytest.mark.parametrize("key", KEYS)
gray_and_color = pytest.mark.parametrize("channels", [1, 3])


def toy(channels: int = 1, size: int = 32) -> Classifier:
    """A small network with a surrogate of other weights, and a denoiser that blurs."""
    return dataclasses.replace(
        small_cnn_classifier(channels, size),
        surrogate=lambda: small_cnn_classifier(channels, size, seed=1),
        denoiser=lambda: lambda x: avg_pool2d(x, 3, stride=1, padding=1),
    )


def picture(channels: int = 1, size: int = 32, n: int | None = None, seed: int = 0) -> Floats:
    """Random pixels with pure black and white among them: (C, h, w), or (N, C, h, w) where n is given."""
    shape = (channels, size, size) if n is None else (n, channels, size, size)
    return np.random.default_rng(seed).uniform(-0.2, 1.2, shape).clip(0, 1).astype(np.float32)


def cheap(key: str) -> Params:
    return DEFENSES[key].params(**CHEAP.get(key, {}))


def test_the_ten_are_there() -> None:
    squeezing = {"bit_depth", "median_smoothing", "bilateral_smoothing", "jpeg_compression"}
    assert set(KEYS) == squeezing | {
        "total_variation",
        "input_reconstruction",
        "random_resize_pad",
        "ensemble",
        "randomized_smoothing",
        "logit_noise",
    }


@every_defense
@gray_and_color
def test_the_result_is_a_classifier_like_any_other(key: str, channels: int) -> None:
    model, pixels = toy(channels), picture(channels)
    defended = defend(key, model, cheap(key))
    assert defended.card is model.card
    prediction = defended.predict(pixels)
    assert prediction.logits.shape == (1,)
    assert np.isfinite(prediction.logits).all()
    assert not np.array_equal(prediction.logits, model.predict(pixels).logits)
    heat = explain("saliency", defended, pixels, 0).heat
    assert np.isfinite(heat).all()
    assert heat.any()
    change = perturb("pgd", defended, pixels, HIDE, PgdParams(epsilon=4, steps=3))
    assert change.norms.linf_255 <= 4.001


@every_defense
def test_the_network_is_shown_pictures_of_its_size_in_its_range(key: str) -> None:
    model, shown = toy(3), list[Tensor]()
    handle = model.network.register_forward_pre_hook(lambda _, inputs: shown.append(inputs[0]))
    defend(key, model, cheap(key)).predict(picture(3))
    handle.remove()
    assert shown
    for x in shown:
        assert x.shape == (1, 3, 32, 32)
        assert x.dtype == torch.float32
        assert 0 <= x.min() <= x.max() <= 1


@every_defense
def test_the_seed_decides_and_random_ones_draw_anew(key: str) -> None:
    model, pixels = toy(), picture()
    answers = {}
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        defended = defend(key, model, cheap(key), seed=seed)
        answers[name] = [float(defended.predict(pixels).logits[0]) for _ in range(2)]
    assert answers["first"] == answers["again"]
    assert (answers["first"] == answers["other"]) == (not DEFENSES[key].random)
    assert (answers["first"][0] == answers["first"][1]) == (not DEFENSES[key].random)


@every_defense
def test_an_image_does_not_depend_on_its_neighbors(key: str) -> None:
    """Nor do its random choices."""
    model, batch = toy(), picture(n=3)
    others = np.concatenate([batch[:1], picture(n=2, seed=1)])
    first, again = (defend(key, model, cheap(key)).predict_batch(images)[0].logits for images in (batch, others))
    np.testing.assert_allclose(first, again, atol=1e-6)


@every_defense
@gray_and_color
def test_the_gradient_reaches_the_picture(key: str, channels: int) -> None:
    """Also of an even picture, where lengths are zero."""
    defended = defend(key, toy(channels), cheap(key))
    for x in (torch.from_numpy(picture(channels, n=2)), torch.full((2, channels, 32, 32), 0.4)):
        gradient, _ = input_gradient(defended, x, lambda logits: logits[:, 0])
        assert gradient.shape == x.shape
        assert gradient.isfinite().all()
        assert gradient.abs().amax(dim=(1, 2, 3)).min() > 0


@every_defense
def test_passes_through_networks_are_as_declared(key: str) -> None:
    model, images = toy(), list[int]()
    assert model.surrogate is not None
    other = model.surrogate()
    model = dataclasses.replace(model, surrogate=lambda: other)
    handles = [
        each.network.register_forward_hook(lambda _, inputs, __: images.append(len(inputs[0])))
        for each in (model, other)
    ]
    defend(key, model, cheap(key)).predict(picture())
    for handle in handles:
        handle.remove()
    assert sum(images) == DEFENSES[key].passes(cheap(key), (1, 32, 32))


@every_defense
def test_a_search_through_it_counts_answers_and_keeps_its_own_pictures(key: str) -> None:
    """Not those that the network is shown, nor the passes that an answer takes."""
    params = PgdParams(epsilon=4, steps=3)
    seen: list[float] = []
    found = perturb("pgd", defend(key, toy(), cheap(key)), picture(), HIDE, params, report=seen.append)
    assert found.queries == 4
    assert len(found.trajectory) == 4
    assert np.array_equal(found.trajectory[0].perturbed, picture())
    assert any(np.array_equal(step.perturbed, found.perturbed) for step in found.trajectory)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert all(share < 1 for share in seen[:-1])


@every_defense
def test_cancel_stops_it(key: str) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        perturb("pgd", defend(key, toy(), cheap(key)), picture(), HIDE, cancel=cancel)


@every_defense
def test_the_model_and_the_picture_stay_as_they_were(key: str) -> None:
    model, pixels = toy(), picture()
    plain, before = model.predict(pixels).logits, {n: v.clone() for n, v in model.network.state_dict().items()}
    defended = defend(key, model, cheap(key))
    explain("saliency", defended, pixels, 0)
    assert np.array_equal(pixels, picture())
    assert np.array_equal(model.predict(pixels).logits, plain)
    for name, value in model.network.state_dict().items():
        assert torch.equal(value, before[name])
    assert all(p.grad is None and not p.requires_grad for p in model.network.parameters())
    assert not any(module._forward_hooks or module._backward_hooks for module in model.network.modules())
    assert model.lock.acquire(blocking=False)


@every_defense
def test_only_what_still_holds_is_offered(key: str) -> None:
    """Where an answer takes one pass of the picture in its place, its feature map can be read; none can be told layer
    by layer; and a model that is part of the defense is no longer the attacker's own."""
    model = toy()
    defended = defend(key, model, cheap(key))
    in_place = DEFENSES[key].passes(cheap(key), (1, 32, 32)) == 1 and key != "random_resize_pad"
    lost = {"module tree", *([] if in_place else ["feature map"]), *(["surrogate"] if key == "ensemble" else [])}
    assert defended.offers == model.offers - lost
    if in_place:
        assert explain("grad_cam", defended, picture(), 0).heat.shape == (32, 32)


@every_defense
def test_the_text_and_the_parameters_explain_themselves(key: str) -> None:
    explains_itself(DEFENSES[key])
    assert isinstance(DEFENSES[key].family, Family)


def any_value(spec: ParamSpec) -> st.SearchStrategy[Any]:
    """Any legal value of one parameter."""
    assert spec.low is not None
    assert spec.high is not None
    if isinstance(spec.default, int):
        return st.integers(int(spec.low), int(spec.high))
    return st.floats(spec.low, spec.high)


@pytest.mark.thorough
@every_defense
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_all_legal_parameters_work(key: str, data: st.DataObject) -> None:
    kind = DEFENSES[key].params
    params = kind(**{spec.name: data.draw(any_value(spec), spec.name) for spec in kind.specs()})
    defended = defend(key, toy(3, 12), params)
    gradient, logits = input_gradient(defended, torch.from_numpy(picture(3, 12, n=2)), lambda z: z[:, 0])
    assert gradient.isfinite().all()
    assert logits.isfinite().all()


def test_wrong_requests_are_refused() -> None:
    model = small_cnn_classifier()
    with pytest.raises(UnknownName, match=r"Choose one of: .*bit_depth"):
        defend("bit_deep", model)
    with pytest.raises(ParameterError, match="must be BitDepthParams"):
        defend("bit_depth", model, DEFENSES["ensemble"].params())
    with pytest.raises(Unsupported, match="needs a surrogate"):
        defend("ensemble", model)
