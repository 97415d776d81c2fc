"""What every perturbation promises, asked of each entry of the registry."""

from __future__ import annotations

import dataclasses
import functools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import perturbations
from core.classifier import Classifier
from core.errors import BrokenPromise, Cancelled, InputError, ParameterError, UnknownName
from core.params import Params, ParamSpec
from core.values import Floats, Goal
from perturbations import PERTURBATIONS, PerturbationMethod, Threat, perturb, perturb_batch
from tests.declared import explains_itself
from tests.toys import small_cnn_classifier, with_all_aids

KEYS = [method.key for method in PERTURBATIONS]
CHANCE: dict[str, dict[str, Any]] = {
    "pgd": {"random_start": True},
    "pgd_l2": {"random_start": True},
    "rfgsm": {},
    "square": {},
    "uniform_noise": {},
    "gaussian_noise": {},
}
EARLY = {"deep_fool", "hop_skip_jump"}  # may end before all passes are made, also with nothing
HIDE = Goal(0, "hide")
LONGEST = 12  # of a whole number that says how long to search: more takes too long here
QUICK = 8  # the same, where the default will do

every_method = pytest.mark.parametrize("key", KEYS)
gray_and_color = pytest.mark.parametrize("channels", [1, 3])


def picture(channels: int = 1, size: int = 32, n: int | None = None, seed: int = 0) -> Floats:
    """Random pixels with pure black and white among them: (C, h, w), or (N, C, h, w) where n is given."""
    shape = (channels, size, size) if n is None else (n, channels, size, size)
    values = np.random.default_rng(seed).uniform(-0.2, 1.2, shape)
    return values.clip(0, 1).astype(np.float32)


def flagging(channels: int = 1, labels: int = 1) -> Classifier:
    """A model that offers whatever a method may need, and flags each label on every picture(), but not on all."""
    model = small_cnn_classifier(channels, labels=labels, seed=1)
    flat = np.stack([np.full((channels, 32, 32), gray, dtype=np.float32) for gray in (0, 1)])
    every = np.concatenate([picture(channels, n=4), picture(channels, n=4, seed=1), flat])
    logits = np.stack([prediction.logits for prediction in model.predict_batch(every)])
    with torch.no_grad():
        model.network.get_submodule("head").bias.sub_(torch.tensor(logits[:8].min(0) + logits[8:].min(0)) / 2)
    return with_all_aids(model)


def quick(key: str, **more: Any) -> Params:
    """The defaults of the method, but for searches that would take long here."""
    kind = PERTURBATIONS[key].params
    whole = [spec for spec in kind.specs() if type(spec.default) is int and spec.default > QUICK]
    return kind(**{**{spec.name: max(QUICK, int(spec.low or 0)) for spec in whole}, **more})


@functools.cache
def by_chance(key: str) -> bool:
    """Whether the seed matters."""
    model, clean, params = flagging(), picture(), quick(key)
    first, *others = (perturb(key, model, clean, HIDE, params, seed=seed).perturbed for seed in range(6))
    return not all(np.array_equal(first, other) for other in others)


def searches(key: str) -> bool:
    """Whether the method may choose the pixels it changes, and so is sure to change some in any region."""
    return PERTURBATIONS[key].threat not in {Threat.ARTIFACT, Threat.POISONING}


def test_every_file_is_a_method() -> None:
    files = {path.stem for path in Path(perturbations.__path__[0]).glob("[!_]*.py")}
    assert files == set(KEYS)
    assert {"fgsm", "pgd", "square", "trigger", "motion_blur", "jpeg", "uniform_noise"} <= files


def size_of(method: PerturbationMethod, change: Floats) -> float:
    """The largest of the images (N, C, h, w), in gray levels, as the method's norm measures it."""
    sizes = np.abs(change).max() if method.norm == "linf" else np.sqrt(np.square(change).mean(axis=(1, 2, 3))).max()
    return float(sizes) * 255


@every_method
@gray_and_color
def test_one_image_keeps_shape_range_and_norm(key: str, channels: int) -> None:
    model, clean, params = flagging(channels), picture(channels), quick(key)
    result = perturb(key, model, clean, HIDE, params, seed=3)
    assert result.perturbed.shape == clean.shape
    assert result.perturbed.dtype == np.float32
    assert 0 <= result.perturbed.min() <= result.perturbed.max() <= 1
    assert not np.array_equal(result.perturbed, clean)
    assert result.clean is clean
    assert (result.method, result.goal, result.seed) == (key, HIDE, 3)
    assert result.params == params.as_dict()
    if PERTURBATIONS[key].norm:
        change = (result.perturbed - clean)[None]
        assert size_of(PERTURBATIONS[key], change) <= float(result.params["epsilon"]) + 1e-3


def test_without_parameters_it_takes_the_defaults() -> None:
    assert perturb("pgd", flagging(), picture(), HIDE).params == PERTURBATIONS["pgd"].params().as_dict()


@every_method
@gray_and_color
def test_the_images_of_a_batch_do_not_mix(key: str, channels: int) -> None:
    """But for the last bits, which differ with the size of the batch, and what a few steps make of them."""
    few = {spec.name: 3 for spec in PERTURBATIONS[key].params.specs() if spec.name == "steps"}
    model, batch, params = flagging(channels), picture(channels, n=3), quick(key, **few)
    together = perturb_batch(key, model, batch, HIDE, params)
    assert together.shape == batch.shape
    if not by_chance(key):
        for image, result in zip(batch, together, strict=True):
            np.testing.assert_allclose(perturb(key, model, image, HIDE, params).perturbed, result, atol=0.1 / 255)


@every_method
def test_an_image_does_not_depend_on_its_neighbors(key: str) -> None:
    """Nor do its random choices."""
    model, batch, params = flagging(), picture(n=3), quick(key)
    others = np.concatenate([batch[:1], picture(n=2, seed=1)])
    first, again = (perturb_batch(key, model, images, HIDE, params, seed=1)[0] for images in (batch, others))
    assert np.array_equal(first, again)


@every_method
def test_the_seed_decides(key: str) -> None:
    model, clean, params = flagging(), picture(), quick(key, **CHANCE.get(key, {}))
    first, again, other = (perturb(key, model, clean, HIDE, params, seed=seed).perturbed for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not (np.array_equal(first, other) and key in CHANCE)


@pytest.mark.parametrize("key", [method.key for method in PERTURBATIONS if method.norm is not None])
def test_no_epsilon_no_change(key: str) -> None:
    clean = picture(3)
    result = perturb(key, flagging(3), clean, HIDE, quick(key, epsilon=0))
    np.testing.assert_allclose(result.perturbed, clean, atol=1e-6)


@every_method
@gray_and_color
def test_outside_a_region_every_bit_stays(key: str, channels: int) -> None:
    """Also in a batch; inside, a search is at work, and the promised bound holds."""
    model, batch, region = flagging(channels), picture(channels, n=3), np.zeros((32, 32), dtype=np.bool_)
    region[16:, 16:] = True
    params, method = quick(key), PERTURBATIONS[key]
    one, several = (
        perturb(key, model, batch[0], HIDE, params, region=region),
        perturb_batch(key, model, batch, HIDE, params, region=region),
    )
    for perturbed, clean in ((one.perturbed[None], batch[:1]), (several, batch)):
        assert perturbed.shape == clean.shape
        assert np.array_equal(perturbed[..., ~region], clean[..., ~region])
        assert not searches(key) or key in EARLY or not np.array_equal(perturbed[..., region], clean[..., region])
        assert not method.norm or size_of(method, perturbed - clean) <= float(one.params["epsilon"]) + 1e-3
    assert one.region is region
    assert one.norms.changed <= 0.25


@every_method
def test_the_whole_picture_as_region_changes_nothing(key: str) -> None:
    model, clean, whole, params = flagging(), picture(), np.ones((32, 32), dtype=np.bool_), quick(key)
    free, confined = (perturb(key, model, clean, HIDE, params, region=region) for region in (None, whole))
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
    if spec.choices:
        return st.sampled_from(spec.choices)
    assert spec.low is not None
    assert spec.high is not None
    if isinstance(spec.default, int):
        return st.integers(int(spec.low), max(int(spec.low), min(int(spec.high), LONGEST)))
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
    perturb(key, flagging(labels=2), picture(), goal, params)


@every_method
def test_the_model_and_the_picture_stay_as_they_were(key: str) -> None:
    model, clean, params = flagging(), picture(), quick(key)
    before = {name: value.clone() for name, value in model.network.state_dict().items()}
    untouched = clean.copy()
    perturb(key, model, clean, HIDE, params)
    perturb_batch(key, model, clean[None], HIDE, params)
    assert np.array_equal(clean, untouched)
    for name, value in model.network.state_dict().items():
        assert torch.equal(value, before[name])
    assert all(p.grad is None and not p.requires_grad for p in model.network.parameters())
    assert not any(module._forward_hooks or module._backward_hooks for module in model.network.modules())


@every_method
def test_progress_rises_to_one_and_passes_are_as_declared(key: str) -> None:
    seen: list[float] = []
    method, params = PERTURBATIONS[key], quick(key)
    result = perturb(key, flagging(), picture(), HIDE, params, report=seen.append)
    passes = method.passes(params, (1, 32, 32))
    assert result.queries <= passes
    assert result.queries == (0 if "surrogate" in method.needs else passes) or key in EARLY
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert all(share < 1 for share in seen[:-1])


@every_method
def test_cancel_stops_it_and_leaves_no_hook(key: str) -> None:
    model, cancel = flagging(), threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        perturb(key, model, picture(), HIDE, quick(key), cancel=cancel)
    assert not any(module._forward_hooks or module._backward_hooks for module in model.network.modules())


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
    result = perturb(key, flagging(labels=2), picture(), HIDE, quick(key))
    assert bool(result.trajectory) == PERTURBATIONS[key].iterative
    assert not result.trajectory or any(np.array_equal(step.perturbed, result.perturbed) for step in result.trajectory)
    for step in result.trajectory:
        assert step.perturbed.shape == (1, 32, 32)
        assert step.logits.shape == (2,)


@every_method
def test_the_text_and_the_parameters_explain_themselves(key: str) -> None:
    explains_itself(PERTURBATIONS[key])
    assert isinstance(PERTURBATIONS[key].threat, Threat)


def replace_function(monkeypatch: pytest.MonkeyPatch, key: str, lie: Callable[[Tensor], Tensor]) -> None:
    """Put lie(x) in the place of a method."""
    method: PerturbationMethod = PERTURBATIONS[key]
    liar = dataclasses.replace(method, function=lambda model, x, goal, params, rng: lie(x))
    monkeypatch.setitem(PERTURBATIONS._methods, key, liar)


@pytest.mark.parametrize(
    ("key", "lie", "words"),
    [
        ("fgsm", lambda x: x[..., :-1], r"returned \(1, 1, 32, 31\) float32, promised \(1, 1, 32, 32\) float32"),
        ("fgsm", lambda x: x.double(), "float64"),
        ("fgsm", lambda x: x + torch.nan, "not finite"),
        ("fgsm", lambda x: x - 0.001, r"values in \[-0.001, .*promised \[0, 1\]"),
        ("fgsm", lambda x: x + 0.001, "1.001"),
        ("fgsm", lambda x: (x + 1.01 / 255).clamp(0, 1), "changed a pixel by 1.01/255, promised at most 1/255"),
        (
            "pgd_l2",
            lambda x: x + 1.01 / 255 * (1 - 2 * x.round()),
            "changed the root mean square by 1.01/255, promised at most 1/255",
        ),
    ],
    ids=["shape", "type", "nan", "below black", "above white", "beyond epsilon", "beyond epsilon on average"],
)
def test_a_broken_promise_is_caught(
    monkeypatch: pytest.MonkeyPatch, key: str, lie: Callable[[Tensor], Tensor], words: str
) -> None:
    replace_function(monkeypatch, key, lie)
    name = PERTURBATIONS[key].name
    with pytest.raises(BrokenPromise, match=words):
        perturb(key, small_cnn_classifier(), picture(), HIDE)
    with pytest.raises(BrokenPromise, match=name):
        perturb_batch(key, small_cnn_classifier(), picture(n=2), HIDE)
    with pytest.raises(BrokenPromise, match=name):
        perturb(key, small_cnn_classifier(), picture(), HIDE, region=np.ones((32, 32), dtype=np.bool_))


def test_of_a_batch_each_image_is_held_to_the_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mean of two changes, one of them too large, would pass."""
    replace_function(monkeypatch, "pgd_l2", lambda x: torch.cat([x[:1], x[1:] + 1.2 / 255 * (1 - 2 * x[1:].round())]))
    with pytest.raises(BrokenPromise, match=r"by 1\.2/255"):
        perturb_batch("pgd_l2", small_cnn_classifier(), picture(n=2), HIDE)


def test_a_few_pixels_may_change_by_more_than_epsilon_on_average(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_corner(x: Tensor) -> Tensor:
        changed = x.clone()
        changed[..., :4, :4] += 7.9 / 255 * (1 - 2 * changed[..., :4, :4].round())
        return changed

    replace_function(monkeypatch, "pgd_l2", one_corner)
    result = perturb("pgd_l2", small_cnn_classifier(), picture(), HIDE)
    assert result.norms.linf_255 == pytest.approx(7.9, abs=1e-3)


def test_a_method_that_writes_into_its_input_cannot_hide_it(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_function(monkeypatch, "fgsm", lambda x: x.mul_(0.5))
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
