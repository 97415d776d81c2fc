"""What is done without the layers of a network is what is done with them, and what can't be sure of that goes through
the layers."""

from __future__ import annotations

import dataclasses
import gc
import weakref
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
import torch
from torch import Tensor, nn
from torch.overrides import wrap_torch_function

from core.classifier import Classifier
from core.gradients import input_gradient
from core.tape import TAPES
from tests.toys import classifier, fresh

Way: TypeAlias = Callable[["Counted", Tensor, Tensor], Any]
SIZE = 8
ATTRIBUTE = torch.full((1, 1), 0.5)


class Counted(nn.Module):
    """A small network that counts its passes; way(network, z, x) adds something to its logits (N, 1), where z are
    features (N, 4, 6, 6) of x."""

    def __init__(self, way: Way = lambda _network, _z, _x: 0.0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.relu, self.dense = nn.Conv2d(1, 4, 3), nn.ReLU(inplace=True), nn.Linear(4, 1)
        self.register_buffer("gain", torch.tensor([[2.0]]))
        self.way, self.passes, self.chance = way, 0, torch.Generator()
        self.register_buffer("count", torch.zeros(1, 1))

    def forward(self, x: Tensor) -> Tensor:
        self.passes += 1
        z = self.relu(self.conv(x))
        logits: Tensor = self.dense(z.mean((2, 3))) * self.gain + self.way(self, z, x)
        return logits


def image(seed: int = 0, count: int = 1) -> Tensor:
    return torch.rand(count, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(seed))


def model_of(network: nn.Module, layer: nn.Module | None = None) -> Classifier:
    return classifier(network, layer or network.conv, 1, SIZE, 1)


def gradient(model: Classifier, x: Tensor) -> tuple[Tensor, Tensor]:
    return input_gradient(model, x, lambda logits: logits[:, 0].square())


def known(way: Way = lambda _network, _z, _x: 0.0) -> Classifier:
    """After two passes."""
    model = model_of(Counted(way))
    for seed in (0, 1):
        gradient(model, image(seed))
    assert model.network.passes == 2
    return model


def passes(model: Classifier, task: Callable[[], object]) -> int:
    before = model.network.passes
    task()
    after: int = model.network.passes
    return after - before


def brighter(x: Tensor) -> float:
    return 1.0 if x.mean() > 0.5 else -1.0


def written_by_view(z: Tensor) -> Tensor:
    into = torch.zeros(1, 4)
    into[0].add_(z.mean((0, 2, 3)))
    return into.sum(1, keepdim=True)


def written_by_index(z: Tensor) -> Tensor:
    into = torch.zeros(4)
    into[:] = z.mean((0, 2, 3))
    return into.sum()


def written_to_alias(z: Tensor) -> float:
    into = torch.zeros(4)
    alias = into[0]
    into.copy_(z.mean((0, 2, 3)))
    return alias.item()


def constant_without_gradient() -> Tensor:
    with torch.no_grad():
        return torch.ones(1)


def unseen(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    with torch._C.DisableTorchFunction():
        return function(x)


def counted(network: Counted) -> Tensor:
    network.count = network.count + 1
    return network.count


with_its_sum = wrap_torch_function(lambda z: (z,))(lambda z: (2 * z, z.sum().item()))

BENT: dict[str, Way] = {
    "a number": lambda _network, z, _x: z.mean().item(),
    "a list": lambda _network, z, _x: sum(z.flatten().tolist()),
    "whether it is zero": lambda _network, z, _x: 1.0 if z.sum() else -1.0,
    "whether a gradient is wanted": lambda _network, _z, x: 1.0 if x.requires_grad else -1.0,
    "NumPy": lambda _network, z, _x: float(z.detach().numpy().max()),
    "a comparison": lambda _network, _z, x: (x > 0.5).float().mean(),
    "a decision": lambda _network, _z, x: brighter(x.detach()),
    "what has no gradient": lambda _network, z, _x: z.detach().mean(),
    "how much is found": lambda _network, _z, x: len((x > 0.5).nonzero()) / 10,
    "places of maxima": lambda _network, z, _x: z.flatten(1).max(dim=1).values[:, None],
    "a tensor and a number": lambda _network, z, _x: with_its_sum(z)[1],
    "a constant written to by a view": lambda _network, z, _x: written_by_view(z),
    "a constant written to by an index": lambda _network, z, _x: written_by_index(z),
    "a constant read by an alias": lambda _network, z, _x: written_to_alias(z),
    "another gradient mode": lambda _network, _z, _x: constant_without_gradient(),
    "unseen": lambda _network, _z, x: unseen(lambda x: x.detach().mean(), x),
    "unseen, with its gradient": lambda _network, _z, x: unseen(lambda x: x.mean(), x),
    "a tensor that is no weight": lambda _network, _z, _x: ATTRIBUTE,
    "chance": lambda _network, _z, _x: torch.rand(()),
    "a number by chance": lambda _network, _z, _x: torch.rand(()).item(),
    "chance of its own": lambda network, _z, _x: torch.rand((), generator=network.chance),
    "a number of a weight": lambda network, _z, _x: network.gain.item(),
    "a count": lambda network, _z, _x: network.count.add_(1) * 0,
    "another count": lambda network, _z, _x: counted(network) * 0,
}

STRAIGHT: dict[str, Way] = {
    "nothing": lambda _network, _z, _x: 0.0,
    "shapes": lambda _network, z, x: z.shape[-1] * 0.1 + z.dim() + x.size(2) + len(x) + z.numel(),
    "pieces": lambda _network, z, _x: z.chunk(2, 1)[1].mean((1, 2, 3))[:, None],
    "a named tuple": lambda _network, z, _x: z.flatten(1).aminmax(dim=1).max[:, None],
    "a constant": lambda _network, z, _x: torch.cat([z, torch.ones(len(z), 1, 6, 6)], 1).sum((1, 2, 3))[:, None],
    "named lists": lambda _network, z, _x: torch.cat(tensors=[z, z], dim=1).mean((1, 2, 3))[:, None],
    "of weights": lambda network, z, _x: z.mean((1, 2, 3))[:, None] * network.conv.weight.norm(),
    "in place": lambda _network, z, x: (z * 2).mul_(3).add_(x[:, :, 1:7, 1:7]).mean((1, 2, 3))[:, None],
    "used twice": lambda _network, z, x: (z[:, :, :1, :1] * x[:, :, :1, :1] + z.mean((2, 3), True)).sum((1, 2, 3))[
        :, None
    ],
}

each_straight = pytest.mark.parametrize("way", STRAIGHT)


@pytest.mark.parametrize("way", BENT)
def test_a_network_that_may_do_otherwise_is_passed_through(way: str) -> None:
    model = known(BENT[way])
    assert passes(model, lambda: gradient(model, image(2))) == 1
    layers = fresh(model)
    if "chance" not in way:
        for ours, theirs in zip(gradient(model, image(3)), gradient(layers, image(3)), strict=True):
            assert torch.equal(ours, theirs)
    assert torch.is_grad_enabled()


@each_straight
def test_a_straight_network_is_passed_through_twice_and_no_more(way: str) -> None:
    model = known(STRAIGHT[way])
    layers = fresh(model)
    for seed in (2, 3):
        ours = gradient(model, image(seed))
        for mine, theirs in zip(ours, gradient(layers, image(seed)), strict=True):
            assert torch.equal(mine, theirs)
        assert ours[0].any()
    assert model.network.passes == 2


@each_straight
def test_what_is_known_serves_without_a_gradient_too(way: str) -> None:
    model = known(STRAIGHT[way])
    layers = fresh(model)
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            assert torch.equal(model(image(2)), layers.network(image(2)))
    assert model.predict(image(2)[0].numpy()).logits == layers.predict(image(2)[0].numpy()).logits
    assert model.network.passes == 2
    assert not torch.equal(model(image(2)), model(image(3)))


@each_straight
def test_gradients_of_gradients_are_the_same(way: str) -> None:
    model = known(STRAIGHT[way])

    def twice(model: Classifier) -> Tensor:
        x = image(2).requires_grad_(True)
        (once,) = torch.autograd.grad(model(x).sin().sum(), x, create_graph=True)
        (again,) = torch.autograd.grad(once.square().sum(), x)
        return again

    assert torch.equal(twice(model), twice(fresh(model)))
    assert twice(model).any()


def test_what_is_in_a_batch_or_used_once_is_not_written_down() -> None:
    model = model_of(Counted())
    for _ in range(3):
        gradient(model, image(count=2))
    gradient(model, image())
    assert not TAPES.get(model.network)
    assert passes(model, lambda: gradient(model, image())) == 1
    assert TAPES[model.network]


def test_another_size_is_another_matter() -> None:
    model = known(lambda _network, z, _x: z.shape[-1])
    small = image()[:, :, :6, :6]
    assert passes(model, lambda: gradient(model, small)) == 1
    assert torch.equal(model(small), fresh(model)(small))


def doubled(_layer: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
    return 2 * output


SETTING: dict[str, Callable[[nn.Module], Any]] = {
    "after a layer": lambda layer: layer.register_forward_hook(doubled),
    "before a layer": lambda layer: layer.register_forward_pre_hook(lambda _layer, inputs: (2 * inputs[0],)),
    "on the way back": lambda layer: layer.register_full_backward_hook(lambda _layer, given, _got: (2 * given[0],)),
}


@pytest.mark.parametrize("where", SETTING)
def test_hooks_are_heard_whenever_they_are_set(where: str) -> None:
    early, late = model_of(Counted()), known()
    plain, logits = gradient(late, image(2))
    for model in (early, late):
        with SETTING[where](model.network.dense):
            for _ in range(3):
                other, answer = gradient(model, image(2))
        assert not torch.equal(other, plain)
        assert torch.equal(answer, logits) == (where == "on the way back")
        for _ in range(3):
            assert torch.equal(gradient(model, image(2))[0], plain)


def test_weights_that_are_overwritten_count() -> None:
    model = known()
    with torch.no_grad():
        model.network.dense.weight.mul_(2)
        model.network.conv.weight.data = -model.network.conv.weight
        model.network.gain.add_(1)
    assert torch.equal(gradient(model, image(2))[0], gradient(fresh(model), image(2))[0])
    assert model.network.passes == 2


def test_a_network_that_learns_is_passed_through() -> None:
    model = known()
    model.network.train()
    assert passes(model, lambda: gradient(model, image(2))) == 1
    in_part = model_of(Counted())
    in_part.network.dense.train()
    assert [passes(in_part, lambda: gradient(in_part, image(2))) for _ in range(3)] == [1, 1, 1]


def test_what_is_around_the_network_is_done_anew() -> None:
    model, factors, answers = known(), iter([1.0, 0.5, 0.25]), iter([1.0, 2.0, 3.0])
    around = model.through(lambda x: x * next(factors)).answering(lambda ask, x: ask(x) * next(answers))
    for factor, answer in ((1.0, 1.0), (0.5, 2.0), (0.25, 3.0)):
        assert torch.equal(around(image(2)), answer * fresh(model)(image(2) * factor))


def test_feature_maps_are_those_of_the_layer_that_is_asked_for() -> None:
    """A network may serve classifiers that show another layer of it, or none."""
    network = Counted()
    blind = dataclasses.replace(model_of(network), cam_layer=None)
    for _ in range(3):
        gradient(blind, image())
    assert network.passes == 2
    other = dataclasses.replace(blind, cam_layer=network.dense)
    for _ in range(4):
        for model, shape in ((model_of(network), (1, 4, 6, 6)), (other, (1, 1))):
            maps: list[Tensor] = []
            gradient(model.showing(maps.append), image())
            assert [each.shape for each in maps] == [shape]
    assert network.passes == 6


def test_a_layer_that_is_used_twice_shows_both() -> None:
    model = model_of(Counted(lambda network, z, _x: network.dense(z.amax((2, 3)))))
    model, maps = dataclasses.replace(model, cam_layer=model.network.dense), list[Tensor]()
    for _ in range(3):
        gradient(model.showing(maps.append), image())
    assert len(maps) == 6
    assert model.network.passes == 3


def test_nothing_is_kept_alive_by_a_tape() -> None:
    """Neither the network nor what went through it."""
    model, shown = model_of(Counted()), list[Any]()
    for seed in range(3):
        gradient(model.showing(lambda features: shown.append(weakref.ref(features))), image(seed))
    gc.collect()
    assert [each() for each in shown] == [None] * 3
    gone = weakref.ref(model.network)
    assert model.network in TAPES
    del model
    gc.collect()
    assert gone() is None


def test_a_pass_that_fails_while_it_is_written_down_leaves_nothing_behind() -> None:
    def failing(_network: Counted, _z: Tensor, x: Tensor) -> float:
        if broken:
            raise RuntimeError("boom")
        return 0.0

    broken: list[bool] = []
    model = model_of(Counted(failing))
    gradient(model, image(0))
    broken.append(True)
    with pytest.raises(RuntimeError, match="boom"):
        gradient(model, image(1))
    assert not any(module._forward_hooks for module in model.network.modules())
    broken.clear()
    for seed in (2, 3):
        assert torch.equal(gradient(model, image(seed))[0], gradient(fresh(model), image(seed))[0])
    assert model.network.passes == 3
