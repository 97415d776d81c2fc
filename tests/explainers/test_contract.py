"""What every explainer promises, asked of each entry of the registry."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from core.classifier import Classifier
from core.errors import BrokenPromise, Cancelled, InputError, ModelError, ParameterError, UnknownName
from core.params import ParamSpec
from core.values import Floats, InputSpec
from explainers import EXPLAINERS, explain
from model_zoo.architectures import build
from tests.declared import explains_itself
from tests.toys import linear_classifier, small_cnn_classifier

KEYS = [method.key for method in EXPLAINERS]
RANDOM = {"gradient_shap", "kernel_shap", "lime", "rise", "smoothgrad", "smoothgrad_squared", "vargrad"}
COMPLETE = {method.key for method in EXPLAINERS if method.baseline is not None}
ADAPTIVE = {"counterfactual", "integrated_gradients", "kernel_shap", "score_cam", "shap_partition"}  # may end early
BLIND = {"eigen_cam"}  # to the finding that is asked about
LARGEST_BATCH = 16

every_method = pytest.mark.parametrize("key", KEYS)
gray_and_color = pytest.mark.parametrize("channels", [1, 3])


def picture(channels: int = 1, size: int = 32, seed: int = 0) -> Floats:
    """Random pixels (C, h, w) with pure black and white among them."""
    values = np.random.default_rng(seed).uniform(-0.2, 1.2, (channels, size, size))
    return values.clip(0, 1).astype(np.float32)


@every_method
@gray_and_color
@pytest.mark.parametrize("labels", [1, 2])
def test_the_map_keeps_its_promises(key: str, channels: int, labels: int) -> None:
    model, method = small_cnn_classifier(channels, labels=labels), EXPLAINERS[key]
    result = explain(key, model, picture(channels), labels - 1, seed=3)
    assert result.heat.shape == (32, 32)
    assert result.heat.dtype == np.float32
    assert np.isfinite(result.heat).all()
    assert method.signed or result.heat.min() >= 0
    assert (result.method, result.target, result.seed) == (key, labels - 1, 3)
    assert (result.signed, result.unit) == (method.signed, method.unit)
    assert result.params == method.params().as_dict()
    assert (result.residual is not None) == (key in COMPLETE)
    assert (result.cells is not None) == method.coarse
    assert result.seconds > 0


PARTS = {"kernel_shap", "lime", "shap_partition", "xrai"}
"""They share out among parts of what can be seen, which are others where more can be seen."""


@every_method
def test_there_is_no_heat_where_the_model_sees_nothing(key: str) -> None:
    model = small_cnn_classifier(3)
    spec = dataclasses.replace(model.card.input, fit="fov")
    blind = dataclasses.replace(model, card=dataclasses.replace(model.card, input=spec))
    heat, everywhere = (explain(key, each, picture(3), 0).heat for each in (blind, model))
    assert not heat[~spec.visible].any()
    assert key in PARTS or np.array_equal(heat[spec.visible], everywhere[spec.visible])


@pytest.mark.parametrize("key", ["kernel_shap", "shap_partition"])
@pytest.mark.parametrize("count", [4, 20, 64])
def test_what_is_shared_out_among_parts_all_falls_where_the_model_sees(key: str, count: int) -> None:
    model = small_cnn_classifier(3)
    spec = dataclasses.replace(model.card.input, fit="fov")
    visible = torch.from_numpy(spec.visible)
    blind = dataclasses.replace(model, card=dataclasses.replace(model.card, input=spec)).through(lambda x: x * visible)
    given = {"superpixels": count, "samples": 64} if key == "kernel_shap" else {"evaluations": 16 * (count // 4)}
    result = explain(key, blind, picture(3), 0, EXPLAINERS[key].params(**given))
    assert np.abs(result.heat).sum() > 0.01
    assert result.residual == pytest.approx(0, abs=1e-5)


@every_method
@gray_and_color
def test_heat_outside_a_region_is_cut_and_inside_it_is_as_it_was(key: str, channels: int) -> None:
    """What is left of a complete map no longer adds up to the logit, so it has no residual."""
    model, region, shares = small_cnn_classifier(channels), np.zeros((32, 32), dtype=np.bool_), []
    region[:24, :28] = True
    whole = explain(key, model, picture(channels), 0)
    cut = explain(key, model, picture(channels), 0, region=region, report=shares.append)
    assert np.array_equal(cut.heat[region], whole.heat[region])
    assert cut.heat[region].any()
    assert not cut.heat[~region].any()
    assert (cut.region is region, cut.residual, whole.region) == (True, None, None)
    assert (shares == sorted(shares), shares[-1]) == (True, 1)


@pytest.mark.parametrize("region", [np.zeros((32, 32), np.bool_), np.ones((32, 31), np.bool_)])
def test_a_region_of_nothing_or_of_another_shape_is_refused(region: np.ndarray) -> None:
    with pytest.raises(InputError, match="Region"):
        explain("saliency", small_cnn_classifier(), picture(), 0, region=region)


def test_the_network_is_blind_where_maps_are_cut() -> None:
    spec = InputSpec("fundus", 3, 64, "fov")
    network = build("tf_efficientnet_lite0", spec, 1).eval()
    x = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    (gradient,) = torch.autograd.grad(network(x).sum(), x)
    assert gradient.any()
    assert not gradient[..., ~torch.from_numpy(spec.visible)].any()


@pytest.mark.parametrize("key", [method.key for method in EXPLAINERS if method.several])
def test_maps_of_several_pictures_are_those_of_each(key: str) -> None:
    model, images = small_cnn_classifier(3), np.stack([picture(3, seed=seed) for seed in range(3)])
    method = EXPLAINERS[key]
    made = method.maps(model, torch.from_numpy(images), 0, method.params(), 0)
    for heat, pixels in zip(made, images, strict=True):
        alone = method.maps(model, torch.from_numpy(pixels)[None], 0, method.params(), 0)
        assert alone.any()
        np.testing.assert_allclose(heat, alone[0], rtol=1e-4, atol=1e-7)


@every_method
def test_the_target_decides(key: str) -> None:
    """The same network with its labels exchanged gives the same two maps, exchanged."""
    model, exchanged = small_cnn_classifier(size=16, labels=2), small_cnn_classifier(size=16, labels=2)
    exchanged.network.head.weight.data = exchanged.network.head.weight.data.flip(0)
    exchanged.network.head.bias.data = exchanged.network.head.bias.data.flip(0)
    first, second = (explain(key, model, picture(size=16), target).heat for target in (0, 1))
    assert np.allclose(first, second) == (key in BLIND)
    np.testing.assert_allclose(explain(key, exchanged, picture(size=16), 1).heat, first, atol=1e-4)
    np.testing.assert_allclose(explain(key, exchanged, picture(size=16), 0).heat, second, atol=1e-4)


@every_method
def test_a_contrast_explains_the_difference_of_two_logits(key: str) -> None:
    """A network whose only output is that difference gets the same map."""
    both, difference = linear_classifier(labels=2), linear_classifier()
    weight, bias = both.network.weight.data, both.network.bias.data
    difference.network.weight.data, difference.network.bias.data = weight[:1] - weight[1:], bias[:1] - bias[1:]
    contrast = explain(key, both, picture(size=16), 0, against=1)
    assert contrast.against == 1
    np.testing.assert_allclose(contrast.heat, explain(key, difference, picture(size=16), 0).heat, atol=1e-4)


def test_a_contrast_needs_two_labels() -> None:
    for other in (0, 2, -1):
        with pytest.raises(ParameterError, match="needs two of them"):
            explain("saliency", small_cnn_classifier(labels=2), picture(), 0, against=other)


@every_method
def test_the_seed_decides(key: str) -> None:
    model = small_cnn_classifier()
    first, again, other = (explain(key, model, picture(), 0, seed=seed).heat for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert np.array_equal(first, other) == (key not in RANDOM)


def any_value(spec: ParamSpec) -> st.SearchStrategy[Any]:
    """Any legal value of one parameter; of counts, the small ones."""
    if spec.choices:
        return st.sampled_from(spec.choices)
    assert spec.low is not None
    assert spec.high is not None
    if isinstance(spec.default, int):
        return st.integers(int(spec.low), min(int(spec.high), 40))
    return st.floats(spec.low, spec.high)


@pytest.mark.thorough
@every_method
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_all_legal_parameters_keep_the_promises(key: str, data: st.DataObject) -> None:
    """explain() raises BrokenPromise where one is broken."""
    kind = EXPLAINERS[key].params
    params = kind(**{spec.name: data.draw(any_value(spec), spec.name) for spec in kind.specs()})
    explain(key, small_cnn_classifier(size=12, labels=2), picture(size=12), data.draw(st.integers(0, 1)), params)


@every_method
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_an_even_picture_can_be_explained(key: str, level: float) -> None:
    heat = explain(key, small_cnn_classifier(3), np.full((3, 32, 32), level, np.float32), 0).heat
    assert np.isfinite(heat).all()


@every_method
def test_the_model_and_the_picture_stay_as_they_were(key: str) -> None:
    model, pixels = small_cnn_classifier(), picture()
    before = {name: value.clone() for name, value in model.network.state_dict().items()}
    explain(key, model, pixels, 0)
    x = torch.from_numpy(pixels)[None]
    method = EXPLAINERS[key]
    method.function(model, x, 0, method.params(), torch.Generator())
    assert np.array_equal(pixels, picture())
    assert not x.requires_grad
    assert_untouched(model, before)


def assert_untouched(model: Classifier, before: dict[str, Tensor]) -> None:
    """Weights as before, no gradient and no hook left behind."""
    for name, value in model.network.state_dict().items():
        assert torch.equal(value, before[name])
    assert all(p.grad is None and not p.requires_grad for p in model.network.parameters())
    assert not any(m._forward_hooks or m._forward_pre_hooks or m._backward_hooks for m in model.network.modules())


@pytest.mark.parametrize("key", sorted(COMPLETE))
def test_completeness_costs_only_passes_that_the_method_did_not_make(key: str) -> None:
    """None, but for the ten images that expected gradients never look at; and where a method rewrites the pass, the
    model is asked itself, or an error of its rules would hide in both."""
    sizes: list[int] = []

    def counted(images: Tensor) -> Tensor:
        sizes.append(len(images))
        return images

    model, x, method = small_cnn_classifier().through(counted), torch.from_numpy(picture())[None], EXPLAINERS[key]
    method.function(model, x, 0, method.params(), torch.Generator().manual_seed(0))
    own = list(sizes)
    explain(key, model, picture(), 0)
    rewritten = (
        [1 + len(method.baseline(x, method.params(), torch.Generator()))] if "module tree" in method.needs else []
    )
    assert sizes == own + own + ([10] if key == "gradient_shap" else rewritten)


@every_method
def test_a_network_whose_answers_are_no_numbers_has_no_map(key: str) -> None:
    model = small_cnn_classifier()
    *_, bias = model.network.parameters()
    bias.fill_(torch.nan)
    with pytest.raises(ModelError, match="not finite"):
        explain(key, model, picture(), 0)


@pytest.mark.parametrize("key", sorted(COMPLETE))
def test_the_residual_is_that_of_the_model_as_it_was_asked(key: str) -> None:
    """Here one that is shown darker pictures: what went by is told apart by what was shown to it."""
    model, method = small_cnn_classifier().through(lambda images: images * 0.5), EXPLAINERS[key]
    result, x = explain(key, model, picture(), 0, seed=3), torch.from_numpy(picture())[None]
    assert method.baseline is not None
    others = method.baseline(x, method.params(), torch.Generator().manual_seed(3))
    expected = model(x)[0, 0] - (model(others)[:, 0].mean() if len(others) else 0)
    assert result.residual == pytest.approx(float(result.heat.sum()) - float(expected), abs=1e-5)


@every_method
def test_progress_rises_to_one_within_the_declared_passes(key: str) -> None:
    method, seen, images = EXPLAINERS[key], [], 0

    def count(x: Tensor, logits: Tensor) -> None:
        nonlocal images
        images += len(x)

    explain(key, small_cnn_classifier(), picture(), 0, report=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert len(seen) > 1

    x = torch.from_numpy(picture())[None]
    method.function(small_cnn_classifier().watched(count), x, 0, method.params(), torch.Generator())
    declared = method.passes(method.params(), (1, 32, 32))
    assert images <= declared if key in ADAPTIVE else images == declared


@every_method
def test_cancel_stops_it_at_the_next_pass_and_leaves_the_model_usable(key: str) -> None:
    model = small_cnn_classifier()
    before = {name: value.clone() for name, value in model.network.state_dict().items()}
    whole = explain(key, model, picture(), 0).heat
    cancel, seen = threading.Event(), []

    def report(share: float) -> None:
        seen.append(share)
        cancel.set()

    with pytest.raises(Cancelled):
        explain(key, model, picture(), 0, report=report, cancel=cancel)
    assert len(seen) == 1
    assert_untouched(model, before)
    assert model.lock.acquire(blocking=False)
    model.lock.release()
    assert np.array_equal(explain(key, model, picture(), 0).heat, whole)


@every_method
def test_no_pass_is_so_large_that_cancel_has_to_wait(key: str) -> None:
    sizes: list[int] = []
    method = EXPLAINERS[key]
    watched = small_cnn_classifier().watched(lambda x, logits: sizes.append(len(x)))
    method.function(watched, torch.from_numpy(picture())[None], 0, method.params(), torch.Generator())
    assert max(sizes) <= LARGEST_BATCH


@every_method
def test_the_text_and_the_parameters_explain_themselves(key: str) -> None:
    explains_itself(EXPLAINERS[key])


def replace_function(monkeypatch: pytest.MonkeyPatch, lie: Callable[[Tensor], Tensor]) -> None:
    """Put lie(x) in the place of saliency, which promises a map that is not negative."""
    liar = dataclasses.replace(EXPLAINERS["saliency"], function=lambda model, x, target, params, rng: lie(x)[None])
    monkeypatch.setitem(EXPLAINERS._methods, "saliency", liar)


@pytest.mark.parametrize(
    ("lie", "words"),
    [
        (lambda x: x[0], r"returned \(1, 32, 32\) torch.float32, promised \(32, 32\) torch.float32"),
        (lambda x: x[0, 0, :-1], r"returned \(31, 32\)"),
        (lambda x: x[0, 0].double(), "float64"),
        (lambda x: x[0, 0] + torch.nan, "not finite"),
        (lambda x: x[0, 0] - 1, "returned -1, promised no negative value"),
    ],
    ids=["rank", "shape", "type", "nan", "negative"],
)
def test_a_broken_promise_is_caught(
    monkeypatch: pytest.MonkeyPatch, lie: Callable[[Tensor], Tensor], words: str
) -> None:
    replace_function(monkeypatch, lie)
    with pytest.raises(BrokenPromise, match=words):
        explain("saliency", small_cnn_classifier(), picture(), 0)


def test_a_coarse_map_is_one_of_rows_and_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    method = EXPLAINERS["grad_cam"]
    liar = dataclasses.replace(method, function=lambda *given: method.function(*given)[None])
    monkeypatch.setitem(EXPLAINERS._methods, "grad_cam", liar)
    with pytest.raises(BrokenPromise, match=r"returned \(1, 8, 8\) torch.float32, promised \(1, 8\)"):
        explain("grad_cam", small_cnn_classifier(), picture(), 0)


def test_a_method_that_writes_into_its_input_cannot_change_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_function(monkeypatch, lambda x: x.mul_(0)[0, 0])
    pixels = picture()
    explain("saliency", small_cnn_classifier(), pixels, 0)
    assert np.array_equal(pixels, picture())


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda pixels: pixels[:, :-1], r"takes \(1, 32, 32\), not \(1, 31, 32\)"),
        (lambda pixels: pixels[None], r"not \(1, 1, 32, 32\)"),
        (lambda pixels: pixels.astype(np.float64), "must be float32, not float64"),
        (lambda pixels: pixels * 255, r"must lie in \[0, 1\], not \[0, 255\]"),
        (lambda pixels: pixels * np.float32(np.nan), "nan"),
    ],
)
def test_an_unfit_picture_is_refused(spoil: Callable[[Floats], Floats], words: str) -> None:
    with pytest.raises(InputError, match=words):
        explain("saliency", small_cnn_classifier(), spoil(picture()), 0)


def test_other_wrong_requests_are_refused() -> None:
    model = small_cnn_classifier()
    with pytest.raises(UnknownName, match=r"Choose one of: .*saliency"):
        explain("salience", model, picture(), 0)
    for target in (-1, 1):
        with pytest.raises(ParameterError, match=f"labels 0 to 0, not {target}"):
            explain("saliency", model, picture(), target)
    with pytest.raises(ParameterError, match="must be SaliencyParams, not OcclusionParams"):
        explain("saliency", model, picture(), 0, EXPLAINERS["occlusion"].params())
