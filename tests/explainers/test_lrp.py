"""Layer-wise relevance propagation: agreement with Captum, and maps that can be worked out by hand."""

from __future__ import annotations

import copy
import dataclasses
import gc
import weakref
from collections.abc import Callable

import numpy as np
import pytest
import torch
from captum.attr import LRP
from captum.attr._utils.lrp_rules import Alpha1_Beta0_Rule, EpsilonRule
from torch import Tensor, nn
from torch.nn import functional

from core.classifier import Classifier
from core.errors import Unsupported
from core.values import Floats
from explainers import EXPLAINERS, explain
from explainers._calls import Call
from explainers.lrp import KEPT, Layer, LrpRules
from model_zoo.architectures import fold_batch_norms
from tests.explainers.networks import TARGET, ours, picture, ready, wrapped
from tests.toys import small_cnn_classifier
from tests.zplus import Parts, network_of_parts


def test_lrp() -> None:
    """On a picture between black and white the box rule is z+ where no weight is negative."""
    torch.manual_seed(1)
    network = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 8, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 2),
    )
    network[0].weight.data.abs_()
    model, x = wrapped(network, 3, 16, 2), torch.from_numpy(picture(3, 16))[None]
    heat = ours("lrp", model, x)
    for layer in network:
        if not isinstance(layer, nn.ReLU):
            layer.rule = Alpha1_Beta0_Rule(set_bias_to_zero=True) if isinstance(layer, nn.Conv2d) else EpsilonRule()
    theirs = LRP(network).attribute(x.clone().requires_grad_(), target=TARGET)
    np.testing.assert_allclose(heat, theirs[0].sum(0).detach(), rtol=1e-3, atol=1e-6)


def test_lrp_by_hand() -> None:
    """One pixel to each cell; weights 2 and -1 on pixels 0.5 and 0.25 between 0 and 1. By the box rule, the parts are
    2 * 0.5 and -1 * (0.25 - 1), so that 1.75 is shared out as 1 : 0.75; the output is 1 - 0.25 = 0.75."""
    conv = nn.Conv2d(1, 1, (1, 2), bias=False)
    conv.weight.data = torch.tensor([[[[2.0, -1.0]]]])
    pixels = np.array([[[0.5, 0.25], [0.0, 1.0]]], np.float32)
    result = explain("lrp", wrapped(nn.Sequential(conv, nn.ReLU(), nn.Flatten(), Summed()), 1, 2), pixels, 0)
    np.testing.assert_allclose(result.heat, [[0.75 / 1.75, 0.75 * 0.75 / 1.75], [0, 0]], atol=1e-6)
    assert result.residual == pytest.approx(0, abs=1e-6)


class Summed(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.sum(1, keepdim=True)


def test_lrp_loses_nothing_but_to_constants() -> None:
    """Constants of convolutions are shared out like the rest; that of the head is the gap."""
    model = small_cnn_classifier(3, labels=2)
    bias = model.network.head.bias
    assert abs(bias[TARGET]) > 0.1
    assert explain("lrp", model, picture(), TARGET).residual == pytest.approx(-bias[TARGET].item(), abs=1e-4)
    bias.zero_()
    assert explain("lrp", model, picture(), TARGET).residual == pytest.approx(0, abs=1e-4)


def test_lrp_keeps_the_parts_of_weights_as_long_as_they_are_what_they_were() -> None:
    def parts(model: Classifier) -> list[Tensor]:
        return [made for weight in model.network.parameters() for _, made in KEPT.get(weight, {}).values()]

    model, pixels = small_cnn_classifier(3, labels=2), picture()
    first = explain("lrp", model, pixels, TARGET).heat
    made = parts(model)
    np.testing.assert_array_equal(explain("lrp", model, pixels, TARGET).heat, first)
    assert made
    assert all(one is other for one, other in zip(made, parts(model), strict=True))
    for parameter in model.network.parameters():
        parameter.add_(0.1 * parameter.std(correction=0))
    changed = explain("lrp", model, pixels, TARGET).heat
    assert not np.allclose(changed, first)
    other = dataclasses.replace(model, network=copy.deepcopy(model.network), cam_layer=None)
    np.testing.assert_array_equal(explain("lrp", other, pixels, TARGET).heat, changed)
    alive = [weakref.ref(part) for part in parts(model)]
    del model, made, parameter
    gc.collect()
    assert not any(part() is not None for part in alive)


def test_lrp_passes_depthwise_convolutions_without_a_positive_part() -> None:
    """Their weights are all negative and a constant keeps their output positive: it is shared out by size."""
    torch.manual_seed(0)
    depthwise = nn.Conv2d(4, 4, 3, groups=4)
    depthwise.weight.data = -depthwise.weight.data.abs()
    depthwise.bias.data.fill_(9.0)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), depthwise, nn.ReLU(), nn.Flatten(), Summed())
    network[0].weight.data.abs_()
    result = explain("lrp", wrapped(network, 1, 16), picture(1, 16), 0)
    assert result.heat.sum() > 100
    assert abs(result.residual or 0) < 1e-3 * result.heat.sum()


def test_lrp_with_epsilon_is_input_x_gradient_without_constants() -> None:
    """On a network of rectifiers; a dense first layer, since on pixels convolutions follow the box rule."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(48, 20, bias=False), nn.ReLU(), nn.Linear(20, 2, bias=False))
    model, x = wrapped(network, 3, 4, 2), torch.from_numpy(picture(3, 4))[None]
    np.testing.assert_allclose(ours("lrp", model, x), ours("input_x_gradient", model, x), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("rule", ["z+", "epsilon"])
def test_a_batch_norm_counts_as_part_of_its_convolution(rule: str) -> None:
    """The network with its batch norms folded gets the same map."""
    model = ready("tf_efficientnet_lite0")
    apart, params = picture(3, 64), EXPLAINERS["lrp"].params(rule=rule)
    folded = wrapped(copy.deepcopy(model.network), 3, 64, 2)
    fold_batch_norms(folded.network)
    first, second = (explain("lrp", each, apart, TARGET, params) for each in (model, folded))
    assert first.heat.any()
    assert np.linalg.norm(first.heat - second.heat) < 1e-2 * np.linalg.norm(first.heat)
    assert first.residual == pytest.approx(second.residual, abs=2e-2 * abs(first.residual or 0))


class Reused(nn.Module):
    """A convolution whose output, or what it was made of, is used again before or after a rectifier."""

    def __init__(self, way: str) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4).eval()
        self.norm.weight.data.uniform_(-2, 2)
        self.way = way

    def forward(self, x: Tensor) -> Tensor:
        a = self.first(x).relu()
        z = self.second(a)
        if self.way == "before":
            doubled = 2 * z
            return (doubled + z.relu_()).sum((1, 2, 3))[:, None]
        if self.way == "before, copied":
            return (2 * z + z.relu()).sum((1, 2, 3))[:, None]
        if self.way == "after":
            return (z.relu() + z).sum((1, 2, 3))[:, None]
        if self.way == "view":
            z.flatten().relu_()
            return z.sum((1, 2, 3))[:, None]
        if self.way == "view, copied":
            return z.relu().sum((1, 2, 3))[:, None]
        if self.way == "added":
            z += a
            return z.relu().sum((1, 2, 3))[:, None]
        if self.way == "added, copied":
            return (z + a).relu().sum((1, 2, 3))[:, None]
        if self.way == "normalized after an addition":
            z += a
        if self.way == "normalized after a rectifier":
            z.relu_()
        if self.way == "normalized when its input has changed":
            a.mul_(2)
        return self.norm(z).sum((1, 2, 3))[:, None]


@pytest.mark.parametrize("rule", ["z+", "epsilon"])
@pytest.mark.parametrize(
    ("way", "same"), [("before", "before, copied"), ("view", "view, copied"), ("added", "added, copied")]
)
def test_lrp_stands_what_is_overwritten(way: str, same: str, rule: str) -> None:
    params = EXPLAINERS["lrp"].params(rule=rule)
    one, other = (explain("lrp", wrapped(Reused(each), 1, 12), picture(1, 12), 0, params).heat for each in (way, same))
    assert one.any()
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_lrp_shares_out_both_uses_of_an_output() -> None:
    """What passes the rectifier, and the output itself: as much as the output twice where no value is cut."""

    def heat(way: str) -> Floats:
        network = Reused(way)
        network.second.bias.data.fill_(100.0)
        return explain("lrp", wrapped(network, 1, 12), picture(1, 12), 0).heat

    np.testing.assert_allclose(heat("after"), 2 * heat("view, copied"), rtol=1e-5)


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("after an addition", "batch_norm that does not follow"),
        ("after a rectifier", "batch_norm that does not follow"),
        ("when its input has changed", "conv2d of what is overwritten"),
    ],
)
def test_lrp_refuses_a_batch_norm_of_something_else(way: str, words: str) -> None:
    with pytest.raises(Unsupported, match=words):
        explain("lrp", wrapped(Reused(f"normalized {way}"), 1, 12), picture(1, 12), 0)


class Prepared(nn.Module):
    """A convolution of pixels that were made ready in some way."""

    def __init__(self, ready: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.ready = nn.Conv2d(3, 4, 3), ready

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.ready(x)).relu().sum((1, 2, 3))[:, None]


def scaled(x: Tensor) -> Tensor:
    x = x - 0.4
    x /= 0.2
    return x


@pytest.mark.parametrize(
    "ready",
    [
        scaled,
        lambda x: x.clone().sub_(0.4).div_(0.2),
        lambda x: torch.stack([(channel - 0.4) / 0.2 for channel in x.unbind(1)], 1),
        lambda x: torch.cat([(channel - 0.4) * 5 for channel in x.chunk(3, 1)], 1),
    ],
)
def test_the_box_rule_knows_how_pixels_were_made_ready(ready: Callable[[Tensor], Tensor]) -> None:
    plain, other = (
        explain("lrp", wrapped(Prepared(way), 3, 12), picture(3, 12), 0).heat
        for way in (lambda x: (x - 0.4) / 0.2, ready)
    )
    np.testing.assert_allclose(plain, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("ready", "layer"),
    [(lambda x: torch.zeros(1, 3, 12, 12).add_(x), "add_"), (lambda x: functional.relu(x - 0.4, inplace=True), "relu")],
)
def test_lrp_refuses_pixels_that_are_written_over(ready: Callable[[Tensor], Tensor], layer: str) -> None:
    with pytest.raises(Unsupported, match=layer):
        explain("lrp", wrapped(Prepared(ready), 3, 12), picture(3, 12), 0)


class Aside(nn.Module):
    """A network that also computes something without a gradient, whose memory is free again at once."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3)
        self.looks_aside = False

    def forward(self, x: Tensor) -> Tensor:
        a = self.first(x).relu()
        for _ in range(20 * self.looks_aside):
            with torch.no_grad():
                self.second(a).relu()
        b = (a + 1).relu()
        return self.second(b).relu().sum((1, 2, 3))[:, None]


def test_lrp_takes_dense_layers_over_the_last_axis() -> None:
    """As a convolution of one pixel each does the same."""
    torch.manual_seed(0)
    dense, conv = nn.Linear(12, 12), nn.Conv2d(1, 12, (1, 12))
    conv.weight.data, conv.bias.data = dense.weight.data[:, None, None], dense.bias.data
    rows, last = nn.Flatten(1, 2), nn.Sequential(nn.ReLU(), nn.Flatten(), Summed())
    params = EXPLAINERS["lrp"].params(rule="epsilon")
    over, whole = nn.Sequential(rows, dense, last), nn.Sequential(nn.ReLU(), conv, last)
    heats = [explain("lrp", wrapped(each, 1, 12), picture(1, 12), 0, params).heat for each in (over, whole)]
    assert heats[0].any()
    np.testing.assert_allclose(*heats, rtol=1e-4, atol=1e-6)


def test_what_is_computed_without_a_gradient_leaves_no_trace() -> None:
    network = Aside()
    before = explain("lrp", wrapped(network, 1, 12), picture(1, 12), 0).heat
    network.looks_aside = True
    np.testing.assert_array_equal(before, explain("lrp", wrapped(network, 1, 12), picture(1, 12), 0).heat)


def test_lrp_follows_residual_additions() -> None:
    model = ready("resnet18")
    result = explain("lrp", model, picture(3, 64), TARGET)
    logit = model.predict(picture(3, 64)).logits[TARGET]
    assert abs(result.residual or 0) < 0.25 * abs(logit)


def test_the_network_that_lrp_is_timed_against_has_the_parts_that_it_hands_back_to() -> None:
    """Weights 2, 1 and -3 of inputs 5, -1 and -1 give 10, -1 and 3, of which two are positive; of single channels, all
    count by size, a weight of -2 of an input of 5 as 10."""
    x = torch.tensor([5.0, -1.0, -1.0])[None, :, None, None]
    dense, single = nn.Conv2d(3, 1, 1), nn.Conv2d(3, 3, 1, groups=3)
    dense.weight.data = torch.tensor([2.0, 1.0, -3.0])[None, :, None, None]
    single.weight.data = torch.tensor([-2.0, 1.0, 1.0])[:, None, None, None]
    assert Parts(dense, signed=True)(x).flatten().tolist() == [13]
    assert Parts(dense, signed=False)(x.relu()).flatten().tolist() == [10]
    assert Parts(single, signed=False)(x.relu()).flatten().tolist() == [10, 0, 0]
    rules = LrpRules(x, "z+")
    for conv, taken in ((dense, x), (dense, x.relu()), (single, x.relu())):
        layer = Layer(
            Call(functional.conv2d, (taken, conv.weight), {"groups": conv.groups}), taken, conv.weight, taken._version
        )
        signed = bool(taken.min() < 0)
        torch.testing.assert_close(rules._parts(layer), Parts(conv, signed)(taken))
    network = nn.Sequential(dense, nn.Flatten())
    parts = network_of_parts(wrapped(network, 3, 1), x)
    assert parts(x).tolist() == [[13]]
    assert network(x).tolist() != [[13]], "the model keeps its own"
