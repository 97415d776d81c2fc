"""What is done without the layers of a network, by the rules of a method, is what is done with them."""

from __future__ import annotations

import copy
import dataclasses
import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.classifier import Classifier
from core.tape import TAPES
from core.values import Floats
from explainers import EXPLAINERS, explain
from model_zoo.cards import cards
from model_zoo.loading import load_classifier
from tests.explainers.networks import TARGET, picture, ready
from tests.toys import classifier, small_cnn_classifier

KEYS = [card.key for card in cards()]
METHODS = ("guided_backprop", "guided_grad_cam", "deep_lift", "lrp")


def heat(key: str, model: Classifier, pixels: Floats, target: int = 0) -> Floats:
    return explain(key, model, pixels, target).heat


def unknown(model: Classifier) -> Classifier:
    """The same model, of whose network nothing is written down."""
    network, cam_layer = copy.deepcopy((model.network, model.cam_layer))
    return dataclasses.replace(model, network=network, cam_layer=cam_layer, forward_only=None)


class Counted(nn.Module):
    """A small network that counts its passes; way(z, x) adds something to its logits."""

    def __init__(self, way: Callable[[Tensor, Tensor], Any] = lambda _z, _x: 0.0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.dense = nn.Conv2d(1, 4, 3), nn.Linear(4, 1)
        self.way, self.passes = way, 0

    def forward(self, x: Tensor) -> Tensor:
        self.passes += 1
        z = self.conv(x).relu()
        logits: Tensor = self.dense(z.mean((2, 3))) + self.way(z, x)
        return logits


def counted(way: Callable[[Tensor, Tensor], Any] = lambda _z, _x: 0.0) -> tuple[Classifier, Counted]:
    network = Counted(way)
    return classifier(network, network.conv, 1, 8, 1), network


def passes_of_a_second_map(network: Counted, model: Classifier) -> int:
    """Of guided backpropagation, which takes none to be compared with."""
    heat("guided_backprop", model, picture(1, 8))
    before = network.passes
    heat("guided_backprop", model, picture(1, 8, seed=1))
    return network.passes - before


@pytest.mark.parametrize("key", METHODS)
@pytest.mark.parametrize("architecture", ["tf_efficientnet_lite0", "resnet18", "mobilenetv2_050"])
def test_maps_are_those_of_a_network_of_which_nothing_is_known(architecture: str, key: str) -> None:
    model = ready(architecture)
    fresh = unknown(model)
    heat(key, model, picture(3, 64), TARGET)
    assert None not in TAPES[model.network].values()
    after = heat(key, model, picture(3, 64, seed=1), TARGET)
    assert after.any()
    np.testing.assert_array_equal(after, heat(key, fresh, picture(3, 64, seed=1), TARGET))


@pytest.mark.parametrize("name", KEYS)
def test_bundled_networks_are_straight_for_each_method(name: str) -> None:
    model = load_classifier(name)
    size, channels = model.card.input.size, model.card.input.channels
    for key in METHODS:
        TAPES.pop(model.network, None)
        heat(key, model, picture(channels, size))
        ((seen, tape),) = TAPES[model.network].items()
        assert seen[0] == (1, channels, size, size)
        assert tape is not None
        after = heat(key, model, picture(channels, size, seed=1))
        TAPES.pop(model.network)
        np.testing.assert_array_equal(after, heat(key, model, picture(channels, size, seed=1)))


def test_a_straight_network_is_passed_through_once() -> None:
    model, network = counted()
    assert passes_of_a_second_map(network, model) == 0


@pytest.mark.parametrize(
    "way",
    [
        lambda _z, x: 1.0 if x.detach().mean().item() > 0.5 else -1.0,
        lambda z, _x: float(z.detach().numpy().max()),
        lambda z, _x: torch.from_numpy(z.detach().numpy()).mean(),
        lambda _z, x: 1.0 if bool((x.detach() > 0.5).any()) else -1.0,
        lambda _z, x: len(x.detach().nonzero()),
        lambda _z, x: _unseen(x),
        lambda z, _x: z.detach().mean(),
        lambda z, _x: _written(z),
        lambda _z, _x: torch.rand(()),
    ],
    ids=[
        "number",
        "numpy",
        "and back",
        "question",
        "shape of what is found",
        "unseen",
        "without a gradient",
        "written into",
        "random",
    ],
)
def test_a_network_that_may_do_otherwise_with_another_image_is_asked_each_time(way: Any) -> None:
    model, network = counted(way)
    assert passes_of_a_second_map(network, model) == 1


def _unseen(x: Tensor) -> Tensor:
    with torch._C.DisableTorchFunction():
        return x.detach().mean()


def _written(z: Tensor) -> float:
    into = torch.zeros(4)
    into[:] = z.detach().mean((0, 2, 3))
    return into.sum().item()


@pytest.mark.parametrize(
    "way",
    [
        lambda z, _x: z.shape[-1] * 0.1 + z.dim(),
        lambda z, _x: z.chunk(2, 1)[1].mean((1, 2, 3))[:, None],
        lambda z, _x: torch.cat([z, torch.ones(len(z), 1, 6, 6)], 1).sum((1, 2, 3))[:, None],
        lambda z, _x: z.mul(torch.full((4, 1, 1), 2.0)).flatten(start_dim=1).sum(dim=1, keepdim=True),
    ],
    ids=["shapes", "pieces", "joined to a constant", "named"],
)
def test_what_is_the_same_each_time_is_written_down(way: Any) -> None:
    model, network = counted(way)
    other, _ = counted(way)
    assert passes_of_a_second_map(network, model) == 0
    for key in METHODS:
        np.testing.assert_array_equal(heat(key, model, picture(1, 8, seed=1)), heat(key, other, picture(1, 8, seed=1)))
        TAPES.pop(other.network)


def test_a_hook_is_heard_even_if_it_comes_later() -> None:
    model, network = counted()
    plain = heat("guided_backprop", model, picture(1, 8))
    with torch.no_grad(), network.dense.register_forward_hook(lambda _layer, _inputs, output: 2 * output):
        np.testing.assert_allclose(heat("guided_backprop", model, picture(1, 8)), 2 * plain, rtol=1e-6)
    np.testing.assert_array_equal(heat("guided_backprop", model, picture(1, 8)), plain)


def test_nothing_is_written_down_while_a_hook_is_set() -> None:
    model, network = counted()
    with network.dense.register_forward_hook(lambda _layer, _inputs, output: 2 * output):
        doubled = heat("guided_backprop", model, picture(1, 8))
    np.testing.assert_allclose(2 * heat("guided_backprop", model, picture(1, 8)), doubled, rtol=1e-6)


def test_weights_that_are_overwritten_count() -> None:
    model, network = counted()
    plain = heat("guided_backprop", model, picture(1, 8))
    with torch.no_grad():
        network.dense.weight.mul_(2)
    np.testing.assert_allclose(heat("guided_backprop", model, picture(1, 8)), 2 * plain, rtol=1e-6)


def test_what_is_around_the_network_is_done_anew() -> None:
    model, network = counted()
    brighter = iter([0.0, 0.5, 0.25])
    wobbling = model.through(lambda x: x * next(brighter))
    maps = [heat("guided_backprop", wobbling, picture(1, 8)) for _ in range(3)]
    assert network.passes == 1
    np.testing.assert_allclose(maps[1], heat("guided_backprop", model.through(lambda x: x * 0.5), picture(1, 8)))
    np.testing.assert_allclose(maps[2], heat("guided_backprop", model.through(lambda x: x * 0.25), picture(1, 8)))


def test_what_is_asked_of_the_network_is_done_anew() -> None:
    model, network = counted()
    method = EXPLAINERS["guided_backprop"]
    answers = iter([1.0, 3.0])
    own = model.answering(lambda ask, x: ask(x) * next(answers))
    x = torch.from_numpy(picture(1, 8))[None]
    one, three = (method.function(own, x, 0, method.params(), torch.Generator()) for _ in range(2))
    assert network.passes == 1
    torch.testing.assert_close(three, 3 * one)


def test_a_network_is_not_kept_for_its_tape() -> None:
    model = small_cnn_classifier(3)
    heat("lrp", model, picture())
    assert model.network in TAPES
    gone = weakref.ref(model.network)
    del model
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("key", METHODS)
def test_threads_share_a_tape(key: str) -> None:
    model = small_cnn_classifier(3)
    pictures = [picture(seed=seed) for seed in range(8)]
    alone = [heat(key, unknown(model), each) for each in pictures]
    found: dict[int, Floats] = {}

    def look(number: int) -> None:
        found[number] = heat(key, model, pictures[number])

    threads = [threading.Thread(target=look, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, expected in enumerate(alone):
        np.testing.assert_array_equal(found[number], expected)
