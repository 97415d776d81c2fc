"""The operations of a network in the order in which they are done, written down in one pass and done again in others.

Layers that only call others take time, and so does watching what they call. A network that is straight does the same
with each image of one layout: nothing that it asks tells it more of the pixels, and all that an operation takes is the
image, a weight, or the result of an operation before. Others have no tape.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import torch
from torch import Size, Tensor, nn
from torch.overrides import TorchFunctionMode

Do: TypeAlias = Callable[[Callable[..., Any], Sequence[Any], dict[str, Any], list[Tensor]], Any]
Layout: TypeAlias = tuple[Size, tuple[int, ...], torch.dtype]

QUESTIONS = frozenset({"__get__", "__len__", "dim", "size", "numel", "stride", "is_contiguous"})
"""Operations that only ask about a tensor. __get__ may give another tensor, which is no answer but a result."""

ROUNDING = 1e-4
"""Whoever watches too may reach what an operation gives by other steps."""

PLAIN = frozenset({int, float, bool, str, type(None), torch.dtype})
TREES = (tuple, list, dict)

TAPES: WeakKeyDictionary[nn.Module, dict[Layout, Tape | None]] = WeakKeyDictionary()
"""Those of each network, by the layout of the images; None where it is not straight."""


@dataclass(frozen=True)
class Result:
    """In place of a tensor: the one with this number, of which 0 is the images."""

    number: int


@dataclass(frozen=True)
class Step:
    """function(*args, **kwargs), where takes are the numbers of all results among these, and places those in args of
    these results; None if any is further within."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    takes: tuple[int, ...]
    places: tuple[int, ...] | None

    def filled(self, results: Sequence[Tensor]) -> tuple[Sequence[Any], dict[str, Any]]:
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
    features: int | None
    hooks: tuple[dict[int, Any], ...]

    def run(self, x: Tensor, do: Do | None = None) -> list[Tensor]:
        """All results for x, by number; do(function, args, kwargs, results among these) does a step in another way than
        just calling it, unseen by whoever watches what is called."""
        results = [x]
        with nullcontext() if do is None else torch._C.DisableTorchFunction():
            for step in self.steps:
                args, kwargs = step.filled(results)
                if do is None:
                    made = step.function(*args, **kwargs)
                else:
                    made = do(step.function, args, kwargs, [results[number] for number in step.takes])
                results += [made] if isinstance(made, Tensor) else leaves(made, Tensor)
        return results


class Recorder(TorchFunctionMode):
    """Writes down a pass of x through network, as long as it is straight."""

    def __init__(self, network: nn.Module, x: Tensor) -> None:
        super().__init__()
        self.network, self.x = network, x
        self._weights = {id(weight) for weight in (*network.parameters(), *network.buffers())}
        self._results, self._numbers = [x], {id(x): 0}  # kept, so that no other tensor gets the same id
        self._of_pixels = {0}
        self._steps: list[Step] = []
        self._straight = True

    def watch(self) -> Tensor:
        """What network gives for x."""
        with self:
            given: Tensor = self.network(self.x)
        return given

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
        taken = leaves((args, kwargs), Tensor)
        takes = tuple(self._numbers[id(each)] for each in taken if id(each) in self._numbers)
        of_pixels = not self._of_pixels.isdisjoint(takes)
        results = leaves(made, Tensor)
        if not results and made is not None:
            self._straight = not of_pixels or getattr(function, "__name__", "") in QUESTIONS
            return
        known = all(id(each) in self._numbers or id(each) in self._weights for each in taken)
        # what has no gradient may be of another shape next time, and of None it is not known what was overwritten
        followed = not of_pixels or (bool(results) and all(each.requires_grad for each in results))
        self._straight = known and followed
        args, kwargs = (mapped(part, Tensor, self._placed) for part in (args, kwargs))
        places = tuple(place for place, part in enumerate(args) if isinstance(part, Result))
        self._steps.append(Step(function, args, kwargs, takes, places if len(places) == len(takes) else None))
        for each in results:
            number = self._numbers[id(each)] = len(self._results)
            self._results.append(each)
            if of_pixels:
                self._of_pixels.add(number)

    def _placed(self, tensor: Tensor) -> Any:
        number = self._numbers.get(id(tensor))
        return tensor if number is None else Result(number)

    def finish(self, logits: Tensor, features: list[Tensor]) -> None:
        """Keep the tape of a pass that gave logits and the feature map, if there is one; where the pass was not
        straight, or the tape gives something else, keep that."""
        with torch._C.DisableTorchFunction(), torch.no_grad():
            TAPES.setdefault(self.network, {})[layout(self.x)] = self._tape([logits, *features])

    def _tape(self, given: list[Tensor]) -> Tape | None:
        numbers = [self._numbers.get(id(each)) for each in given]
        if not self._straight or numbers[0] is None or None in numbers or len(given) > 2:
            return None
        hooks = [hooks for each in self.network.modules() for hooks in (each._forward_hooks, each._forward_pre_hooks)]
        tape = Tape(tuple(self._steps), numbers[0], numbers[-1] if len(given) == 2 else None, tuple(hooks))
        again = tape.run(self.x.detach())[tape.logits]
        return tape if torch.allclose(again, given[0], rtol=ROUNDING, atol=ROUNDING) else None


def tape_of(network: nn.Module, x: Tensor) -> Tape | None:
    """What network does with x, if it is known and no hook would miss it."""
    tape = TAPES.get(network, {}).get(layout(x))
    return None if tape is None or network.training or any(tape.hooks) else tape


def worth_recording(network: nn.Module, x: Tensor) -> bool:
    """Whether nothing is known yet of network with the likes of x, an image alone; in batches layers take no time."""
    alone = len(x) == 1 and x.requires_grad and torch.is_grad_enabled() and not network.training
    return alone and layout(x) not in TAPES.get(network, {})


def layout(x: Tensor) -> Layout:
    """What a straight network may ask about x."""
    return x.shape, x.stride(), x.dtype


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


def leaves(tree: Any, kind: type) -> list[Any]:
    """Those of this kind, in order."""
    found: list[Any] = []
    mapped(tree, kind, found.append)
    return found
