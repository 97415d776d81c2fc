"""The operations of a network in the order in which they are done, written down in one pass and done again in others.

Layers that only call others take time, and so does watching what they call. A network that is straight (static, without
control flow that depends on data) does the same with each image of one layout: it asks for nothing but shapes and the
like, and all that an operation takes is the image, a weight, or the result of an operation before. Others have no tape.
What can't be seen is what Python decides by itself, as by the gradient mode, the time, or what a layer has kept.

(torch.fx writes down what a network would do with any image, and gives up where a layer computes with shapes;
torch.jit.trace tells neither what it did not see nor what was called, which rules of explanation go by.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import torch
from torch import Size, Tensor, nn
from torch.nn.modules import module as every_layer
from torch.overrides import TorchFunctionMode

Do: TypeAlias = Callable[[Callable[..., Any], Sequence[Any], dict[str, Any], list[Tensor]], Any]
Key: TypeAlias = tuple[int, Size, tuple[int, ...], torch.dtype]

QUESTIONS = frozenset({"shape", "ndim", "dtype", "device", "dim", "size", "numel", "is_contiguous"}) | {
    "__len__",
    "_assert",
}
"""What tells no more of a tensor than its layout, or nothing."""

ROUNDING = 1e-4
"""Who watches a pass while it is written down, as rules of explanation do, may change its logits by so much."""

PLAIN = frozenset({int, float, bool, str, type(None), torch.dtype})
TREES = (tuple, list, dict)

TAPES: WeakKeyDictionary[nn.Module, dict[Key, Tape | None]] = WeakKeyDictionary()
"""Those of each network; None where it can't have one."""

PASSED: WeakKeyDictionary[nn.Module, set[Key]] = WeakKeyDictionary()
"""What went through the layers of each network once: of one that is not used again nothing is written down."""


@dataclass(frozen=True)
class Result:
    """In place of a tensor: the one with this number, of which 0 is the image."""

    number: int


@dataclass(frozen=True)
class Step:
    """function(*args, **kwargs). takes: the numbers of the results among these, in order; places: their positions in
    args, or None if one is nested or named; last: the numbers of those that no later step takes."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    takes: tuple[int, ...]
    places: tuple[int, ...] | None
    last: tuple[int, ...] = ()

    def filled(self, results: Sequence[Any]) -> tuple[Sequence[Any], dict[str, Any]]:
        """args and kwargs with results in their places."""
        if self.places is None:
            args, kwargs = (
                mapped(part, Result, lambda place: results[place.number]) for part in (self.args, self.kwargs)
            )
            return args, kwargs
        direct = list(self.args)
        for place, number in zip(self.places, self.takes, strict=True):
            direct[place] = results[number]
        return direct, self.kwargs


@dataclass(frozen=True)
class Tape:
    """What a network does with an image: steps, and the numbers of its logits and feature map. hooks are those of its
    layers, so that one that is set later is seen."""

    steps: tuple[Step, ...]
    logits: int
    features: tuple[int, ...]
    hooks: tuple[dict[int, Any], ...]

    def run(self, x: Tensor, do: Do | None = None) -> tuple[Tensor, list[Tensor]]:
        """Logits and feature maps of x; do(function, args, kwargs, results among these) does a step in another way than
        just calling it, unseen by whoever watches what is called."""
        results: list[Any] = [x]
        with nullcontext() if do is None else torch._C.DisableTorchFunction():
            for step in self.steps:
                args, kwargs = step.filled(results)
                if do is None:
                    made = step.function(*args, **kwargs)
                else:
                    made = do(step.function, args, kwargs, [results[number] for number in step.takes])
                results += [made] if isinstance(made, Tensor) else tensors(made)
                for number in step.last:
                    results[number] = None
        return results[self.logits], [results[number] for number in self.features]


def tape_of(network: nn.Module, layer: nn.Module | None, x: Tensor) -> Tape | None:
    """What network does with x, if it is known and no hook would miss it. Feature maps are what layer gives."""
    tape = TAPES.get(network, {}).get(_key(layer, x))
    return None if tape is None or network.training or any(tape.hooks) else tape


def through_layers(
    network: nn.Module, layer: nn.Module | None, x: Tensor, *, show: bool, watched: bool
) -> tuple[Tensor, list[Tensor]]:
    """The logits of x, and if they are to be shown, the feature maps. Written down is the second pass of an image alone
    with a gradient; in batches layers hardly count. watched: see ROUNDING. No other thread may set hooks meanwhile."""
    key, passed = _key(layer, x), PASSED.setdefault(network, set())
    alone = len(x) == 1 and x.requires_grad and torch.is_grad_enabled()
    new = alone and key not in TAPES.get(network, {}) and _at_rest(network)
    recorder = _Recorder(network, x) if new and key in passed else None
    if new:
        passed.add(key)
    features: list[Tensor] = []
    hook = None
    if layer is not None and (show or recorder is not None):
        hook = layer.register_forward_hook(lambda _layer, _inputs, output: features.append(output))
    try:
        with nullcontext() if recorder is None else recorder:
            logits: Tensor = network(x)
    finally:
        if hook is not None:
            hook.remove()
    if recorder is not None:
        with torch._C.DisableTorchFunction():
            TAPES.setdefault(network, {})[key] = recorder.tape(logits, features, ROUNDING if watched else 0)
    return logits, features


def hooks_of(network: nn.Module) -> list[dict[int, Any]]:
    """Those on its layers, and on the layers of all networks: empty where none is set."""
    layers = list(network.modules())
    return [
        every_layer._global_forward_hooks,
        every_layer._global_forward_pre_hooks,
        every_layer._global_backward_hooks,
        every_layer._global_backward_pre_hooks,
        *(layer._forward_hooks for layer in layers),
        *(layer._forward_pre_hooks for layer in layers),
        *(layer._backward_hooks for layer in layers),
        *(layer._backward_pre_hooks for layer in layers),
    ]


def _at_rest(network: nn.Module) -> bool:
    return not any(hooks_of(network)) and not any(layer.training for layer in network.modules())


def _key(layer: nn.Module | None, x: Tensor) -> Key:
    steps = tuple(step for step, size in zip(x.stride(), x.shape, strict=True) if size > 1)
    return id(layer), x.shape, steps, x.dtype


class _Recorder(TorchFunctionMode):
    """Inside it, the pass of x through network is written down, as long as it is straight."""

    def __init__(self, network: nn.Module, x: Tensor) -> None:
        super().__init__()
        self.network, self.x = network, x
        self._weights = {id(weight): weight for weight in _weights(network)}
        self._state = self._now()
        self._results, self._numbers = [x], {id(x): 0}  # kept, so that no other tensor gets the same id
        self._constants = set(self._weights)
        self._steps: list[Step] = []
        self._straight = True

    def _now(self) -> tuple[bytes, list[tuple[int, int]]]:
        """What a straight network leaves as it is: the state of chance, and its weights with their versions."""
        versions = [(id(each), 0 if each.is_inference() else each._version) for each in _weights(self.network)]
        return torch.get_rng_state().numpy().tobytes(), versions

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        made = func(*args, **kwargs)
        if self._straight:
            with torch._C.DisableTorchFunction():
                self._note(func, args, kwargs, made)
        return made

    def _note(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], made: Any) -> None:
        taken, given, results = tensors((args, kwargs)), leaves(made), tensors(made)
        asks = _asked(function) in QUESTIONS
        if not results and (asks or made is not None):
            self._straight = asks or not taken
            return
        known = all(id(each) in self._numbers or id(each) in self._weights for each in taken)
        if any(each.requires_grad for each in taken):  # without a gradient nothing is followed, nor by way of constants
            followed = len(results) == len(given) and all(each.requires_grad for each in results)
            self._straight = known and followed and self._constants.isdisjoint(map(id, results))
        else:  # what takes and gives nothing changes something that is not seen, as the gradient mode
            self._straight = known and bool(results or taken)
            self._constants.update(map(id, results))
        takes = tuple(self._numbers[id(each)] for each in taken if id(each) in self._numbers)
        args, kwargs = (mapped(part, Tensor, self._placed) for part in (args, kwargs))
        places = tuple(place for place, part in enumerate(args) if isinstance(part, Result))
        self._steps.append(Step(function, args, kwargs, takes, places if len(places) == len(takes) else None))
        for each in results:
            self._numbers[id(each)] = len(self._results)
            self._results.append(each)

    def _placed(self, tensor: Tensor) -> Any:
        number = self._numbers.get(id(tensor))
        return tensor if number is None else Result(number)

    def tape(self, logits: Tensor, features: list[Tensor], rounding: float) -> Tape | None:
        """That of the pass that gave these, if it was straight and the tape gives the same."""
        numbers = [self._numbers[id(each)] for each in (logits, *features) if id(each) in self._numbers]
        if not self._straight or len(numbers) <= len(features) or len(features) > 1 or self._now() != self._state:
            return None
        steps, needed = list[Step](), set(numbers)
        for step in reversed(self._steps):
            steps.append(replace(step, last=tuple(set(step.takes) - needed)))
            needed.update(step.takes)
        tape = Tape(tuple(reversed(steps)), numbers[0], tuple(numbers[1:]), tuple(hooks_of(self.network)))
        again, _ = tape.run(self.x.detach().requires_grad_(True).clone())
        return tape if torch.allclose(again, logits, rtol=rounding, atol=rounding) else None


def _weights(network: nn.Module) -> list[Tensor]:
    return [*network.parameters(), *network.buffers()]


def _asked(function: Callable[..., Any]) -> str:
    """The name of what function asks for, e.g. size, or of an attribute, e.g. shape."""
    name: str = getattr(function, "__name__", "")
    return getattr(function.__self__, "__name__", "") if name == "__get__" else name  # type: ignore[attr-defined]


def mapped(tree: Any, kind: type, other: Callable[[Any], Any]) -> Any:
    """What an operation takes or gives, with other(each) in place of each leaf of this kind."""
    if type(tree) in PLAIN:
        return tree
    if isinstance(tree, kind):
        return other(tree)
    if isinstance(tree, dict):
        return {name: mapped(part, kind, other) for name, part in tree.items()}
    if isinstance(tree, TREES):
        parts = [mapped(part, kind, other) for part in tree]
        return parts if isinstance(tree, list) else tuple(parts)
    return tree


def leaves(tree: Any) -> list[Any]:
    """All that an operation takes or gives, in order."""
    if not isinstance(tree, TREES):
        return [tree]
    parts = tree.values() if isinstance(tree, dict) else tree
    return [leaf for part in parts for leaf in leaves(part)]


def tensors(tree: Any) -> list[Tensor]:
    """Those among what an operation takes or gives, in order."""
    return [leaf for leaf in leaves(tree) if isinstance(leaf, Tensor)]
