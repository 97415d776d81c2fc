"""What every perturbation promises, asked of each entry of the registry."""

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
from core.errors import BrokenPromise, Cancelled, InputError, ParameterError, UnknownName
from core.params import ParamSpec
from core.values import Floats, Goal
from perturbations import PERTURBATIONS, PerturbationMethod, Threat, perturb, perturb_batch
from tests.declared import explains_itself
from tests.toys import linear_classifier, small_cnn_classifier

KEYS = [method.key for method in PERTURBATIONS]
RANDOM: dict[str, dict[str, Any]] = {
    "pgd": {"random_start": True},
    "square": {},
    "uniform_noise": {},
    "gaussian_noise": {},
}
IDENTITY = {
    "fgsm": {"epsilon": 0},
    "pgd": {"epsilon": 0},
    "square": {"epsilon": 0},
    "uniform_noise": {"epsilon": 0},
    "gaussian_noise": {"sigma": 0},
    "motion_blur": {"length": 1, "angle": 45},
    "exposure": {"brightness": 0, "contrast": 1},
}
HIDE = Goal(0, "hide")
LONGEST = 300  # of a whole number that says how long to search: more takes too long here

every_method = pytest.mark.parametrize("key", KEYS)
gray_and_color = pytest.mark.parametrize("channels", [1, 3])


def picture(channels: int = 1, size: int = 32, n: int | None = None, seed: int = 0) -> Floats:
    """Random pixels with pure black and white among them: (C, h, w), or (N, C, h, w) where n is given."""
    shape = (channels, size, size) if n is None else (n, channels, size, size)
    values = np.random.default_rng(seed).uniform(-0.2, 1.2, shape)
    return values.clip(0, 1).astype(np.float32)


def test_the_nine_are_there() -> None:
    attacks, artifacts = {"fgsm", "pgd", "square", "trigger"}, {"motion_blur", "jpeg", "exposure"}
    assert set(KEYS) == attacks | artifacts | {"uniform_noise", "gaussian_noise"}


@every_method
@gray_and_color
def test_one_image_keeps_shape_range_and_norm(key: str, channels: int) -> None:
    model, clean = small_cnn_classifier(channels), picture(channels)
    result = perturb(key, model, clean, HIDE, seed=3)
    assert result.perturbed.shape == clean.shape
    assert result.perturbed.dtype == np.float32
    assert 0 <= result.perturbed.min() <= result.perturbed.max() <= 1
    assert not np.array_equal(result.perturbed, clean)
    assert result.clean is clean
    assert (result.method, result.goal, result.seed) == (key, HIDE, 3)
    assert result.params == PERTURBATIONS[key].params().as_dict()
    if PERTURBATIONS[key].norm == "linf":
        assert result.norms.linf_255 <= float(result.params["epsilon"]) + 1e-3


@every_method
@gray_and_color
def test_the_images_of_a_batch_do_not_mix(key: str, channels: int) -> None:
    model, batch = small_cnn_classifier(channels), picture(channels, n=4)
    together = perturb_batch(key, model, batch, HIDE)
    assert together.shape == batch.shape
    if key not in {"square", "uniform_noise", "gaussian_noise"}:
        for image, result in zip(batch, together, strict=True):
            np.testing.assert_allclose(perturb(key, model, image, HIDE).perturbed, result, atol=1e-6)


@every_method
def test_an_image_does_not_depend_on_its_neighbors(key: str) -> None:
    """Nor do its random choices."""
    model, batch = small_cnn_classifier(), picture(n=3)
    others = np.concatenate([batch[:1], picture(n=2, seed=1)])
    first, again = (perturb_batch(key, model, images, HIDE, seed=1)[0] for images in (batch, others))
    assert np.array_equal(first, again)


@every_method
def test_the_seed_decides(key: str) -> None:
    model, clean = small_cnn_classifier(), picture()
    params = PERTURBATIONS[key].params(**RANDOM.get(key, {}))
    first, again, other = (perturb(key, model, clean, HIDE, params, seed=seed).perturbed for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert np.array_equal(first, other) == (key not in RANDOM)


@pytest.mark.parametrize("key", IDENTITY)
def test_no_strength_no_change(key: str) -> None:
    clean = picture(3)
    params = PERTURBATIONS[key].params(**IDENTITY[key])
    result = perturb(key, small_cnn_classifier(3), clean, HIDE, params)
    np.testing.assert_allclose(result.perturbed, clean, atol=1e-6)


@every_method
@gray_and_color
def test_outside_a_region_every_bit_stays(key: str, channels: int) -> None:
    """Also in a batch; inside, it is at work, and the promised bound holds."""
    model, batch, region = small_cnn_classifier(channels), picture(channels, n=3), np.zeros((32, 32), dtype=np.bool_)
    region[16:, 16:] = True
    one, several = (
        perturb(key, model, batch[0], HIDE, region=region),
        perturb_batch(key, model, batch, HIDE, region=region),
    )
    for perturbed, clean in ((one.perturbed[None], batch[:1]), (several, batch)):
        assert perturbed.shape == clean.shape
        assert np.array_equal(perturbed[..., ~region], clean[..., ~region])
        assert not np.array_equal(perturbed[..., region], clean[..., region])
        if PERTURBATIONS[key].norm == "linf":
            epsilon = float(one.params["epsilon"])
            assert np.abs(perturbed - clean).max() <= epsilon / 255 + 1e-6
    assert one.region is region
    assert 0 < one.norms.changed <= 0.25


@every_method
def test_the_whole_picture_as_region_changes_nothing(key: str) -> None:
    model, clean, whole = small_cnn_classifier(), picture(), np.ones((32, 32), dtype=np.bool_)
    free, confined = perturb(key, model, clean, HIDE), perturb(key, model, clean, HIDE, region=whole)
    assert np.array_equal(free.perturbed, confined.perturbed)
    assert (free.queries, free.norms, free.region) == (confined.queries, confined.norms, None)


@pytest.mark.parametrize("random_start", [False, True])
def test_a_search_never_sees_a_change_outside_its_region(random_start: bool) -> None:
    model, clean, region = small_cnn_classifier(), picture(), np.zeros((32, 32), dtype=np.bool_)
    region[4:9, 4:9] = True
    params = PERTURBATIONS["pgd"].params(epsilon=8.0, restarts=2, random_start=random_start)
    result = perturb("pgd", model, clean, HIDE, params, region=region)
    assert len(result.trajectory) == 21
    for step in result.trajectory:
        assert np.array_equal(step.perturbed[:, ~region], clean[:, ~region])
        np.testing.assert_allclose(model.predict(step.perturbed).logits, step.logits, atol=1e-5)
    assert any(np.array_equal(step.perturbed, result.perturbed) for step in result.trajectory)


@pytest.mark.parametrize(
    "call", [perturb, lambda *given, **more: perturb_batch(given[0], given[1], given[2][None], *given[3:], **more)]
)
def test_an_empty_region_is_refused(call: Callable[..., Any]) -> None:
    with pytest.raises(InputError, match="Region: holds nothing that the model sees"):
        call("fgsm", small_cnn_classifier(), picture(), HIDE, region=np.zeros((32, 32), dtype=np.bool_))


def test_whoever_promises_a_norm_has_an_epsilon() -> None:
    promising = {method.key for method in PERTURBATIONS if method.norm is not None}
    assert promising == {key for key in KEYS if "epsilon" in PERTURBATIONS[key].params().as_dict()}


def any_value(spec: ParamSpec) -> st.SearchStrategy[Any]:
    """Any legal value of one parameter."""
    if isinstance(spec.default, bool):
        return st.booleans()
    assert spec.low is not None
    assert spec.high is not None
    if isinstance(spec.default, int):
        return st.integers(int(spec.low), min(int(spec.high), LONGEST))
    return st.floats(spec.low, spec.high)


@pytest.mark.thorough
@every_method
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_all_legal_parameters_keep_the_promises(key: str, data: st.DataObject) -> None:
    """perturb() raises BrokenPromise where one is broken."""
    kind = PERTURBATIONS[key].params
    params = kind(**{spec.name: data.draw(any_value(spec), spec.name) for spec in kind.specs()})
    goal = Goal(data.draw(st.integers(0, 1)), data.draw(st.sampled_from(["hide", "induce"])))
    perturb(key, linear_classifier(size=8, labels=2), picture(size=8), goal, params)


@every_method
def test_the_model_and_the_picture_stay_as_they_were(key: str) -> None:
    model, clean = small_cnn_classifier(), picture()
    before = {name: value.clone() for name, value in model.network.state_dict().items()}
    untouched = clean.copy()
    perturb(key, model, clean, HIDE)
    perturb_batch(key, model, clean[None], HIDE)
    assert np.array_equal(clean, untouched)
    for name, value in model.network.state_dict().items():
        assert torch.equal(value, before[name])
    assert all(p.grad is None and not p.requires_grad for p in model.network.parameters())
    assert not any(module._forward_hooks or module._backward_hooks for module in model.network.modules())


@every_method
def test_progress_rises_to_one_and_passes_are_as_declared(key: str) -> None:
    seen: list[float] = []
    result = perturb(key, small_cnn_classifier(), picture(), HIDE, report=seen.append)
    method = PERTURBATIONS[key]
    assert result.queries == method.passes(method.params(), (1, 32, 32))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert all(share < 1 for share in seen[:-1])


@every_method
def test_cancel_stops_it(key: str) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        perturb(key, small_cnn_classifier(), picture(), HIDE, cancel=cancel)


def test_cancel_stops_a_search_halfway() -> None:
    cancel = threading.Event()
    seen: list[float] = []

    def report(share: float) -> None:
        seen.append(share)
        if share > 0.5:
            cancel.set()

    with pytest.raises(Cancelled):
        perturb("pgd", small_cnn_classifier(), picture(), HIDE, report=report, cancel=cancel)
    assert 0.5 < seen[-1] < 0.6


@every_method
def test_only_searches_have_a_trajectory(key: str) -> None:
    result = perturb(key, small_cnn_classifier(labels=2), picture(), HIDE)
    assert bool(result.trajectory) == PERTURBATIONS[key].iterative
    for step in result.trajectory:
        assert step.perturbed.shape == (1, 32, 32)
        assert step.logits.shape == (2,)


@every_method
def test_the_text_and_the_parameters_explain_themselves(key: str) -> None:
    explains_itself(PERTURBATIONS[key])
    assert isinstance(PERTURBATIONS[key].threat, Threat)


def replace_function(monkeypatch: pytest.MonkeyPatch, lie: Callable[[Tensor], Tensor]) -> None:
    """Put lie(x) in the place of the fast gradient sign method, which promises linf."""
    method: PerturbationMethod = PERTURBATIONS["fgsm"]
    liar = dataclasses.replace(method, function=lambda model, x, goal, params, rng: lie(x))
    monkeypatch.setitem(PERTURBATIONS._methods, "fgsm", liar)


@pytest.mark.parametrize(
    ("lie", "words"),
    [
        (lambda x: x[..., :-1], r"returned \(1, 1, 32, 31\) float32, promised \(1, 1, 32, 32\) float32"),
        (lambda x: x.double(), "float64"),
        (lambda x: x + torch.nan, "not finite"),
        (lambda x: x - 0.001, r"values in \[-0.001, .*promised \[0, 1\]"),
        (lambda x: x + 0.001, "1.001"),
        (lambda x: (x + 1.01 / 255).clamp(0, 1), "changed a pixel by 1.01/255, promised at most 1/255"),
    ],
    ids=["shape", "type", "nan", "below black", "above white", "beyond epsilon"],
)
def test_a_broken_promise_is_caught(
    monkeypatch: pytest.MonkeyPatch, lie: Callable[[Tensor], Tensor], words: str
) -> None:
    replace_function(monkeypatch, lie)
    with pytest.raises(BrokenPromise, match=words):
        perturb("fgsm", small_cnn_classifier(), picture(), HIDE)
    with pytest.raises(BrokenPromise, match="Fast gradient sign"):
        perturb_batch("fgsm", small_cnn_classifier(), picture(n=2), HIDE)
    with pytest.raises(BrokenPromise, match="Fast gradient sign"):
        perturb("fgsm", small_cnn_classifier(), picture(), HIDE, region=np.ones((32, 32), dtype=np.bool_))


def test_a_method_that_writes_into_its_input_cannot_hide_it(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_function(monkeypatch, lambda x: x.mul_(0.5))
    clean = picture()
    with pytest.raises(BrokenPromise, match="promised at most 1/255"):
        perturb("fgsm", small_cnn_classifier(), clean, HIDE)
    assert np.array_equal(clean, picture())


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda pixels: pixels[:, :-1], r"takes \(1, 32, 32\), not \(1, 31, 32\)"),
        (lambda pixels: pixels.astype(np.float64), "must be float32, not float64"),
        (lambda pixels: pixels * 255, r"must lie in \[0, 1\], not \[0, 255\]"),
        (lambda pixels: pixels * np.float32(np.nan), "nan"),
    ],
)
def test_an_unfit_picture_is_refused(spoil: Callable[[Floats], Floats], words: str) -> None:
    with pytest.raises(InputError, match=words):
        perturb("fgsm", small_cnn_classifier(), spoil(picture()), HIDE)


def test_other_wrong_requests_are_refused() -> None:
    model: Classifier = small_cnn_classifier()
    with pytest.raises(UnknownName, match=r"Choose one of: .*pgd"):
        perturb("pdg", model, picture(), HIDE)
    with pytest.raises(ParameterError, match="labels 0 to 0, not 1"):
        perturb("fgsm", model, picture(), Goal(1, "hide"))
    with pytest.raises(ParameterError, match="must be FgsmParams, not PgdParams"):
        perturb("fgsm", model, picture(), HIDE, PERTURBATIONS["pgd"].params())
