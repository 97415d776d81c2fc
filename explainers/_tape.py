"""The operations of a network in the order in which they are done, written down in one pass and done again in others.

Watching a pass costs time, and so does each layer that only calls others. A network that is straight does the same with
each image of one layout: nothing that it asks tells it more of the pixels, and all that an operation takes is the
image, a weight, or the result of an operation before. Others have no tape.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import torch
from torch import Size, Tensor, nn

from explainers._calls import Call, leaves, mapped

QUESTIONS = frozenset({"__get__", "__len__", "dim", "size", "numel", "stride", "is_contiguous"})
"""Operations that only ask about a tensor. __get__ may give another tensor, which is no answer but a result."""

Layout: TypeAlias = tuple[Size, tuple[int, ...], torch.dtype]

ROUNDING = 1e-4
"""Rules may reach what an operation gives by other steps."""

TAPES: WeakKeyDictionary[nn.Module, dict[Layout, Tape]] = WeakKeyDictionary()
"""Those of each network, by the layout of the images; its layers and weights are frozen."""


@dataclass(frozen=True)
class Result:
    """In place of a tensor: the one with this number, of which 0 is the images."""

    number: int


@dataclass(frozen=True)
class Step:
    """A Call that takes results; takes are the numbers of all of these."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    takes: tuple[int, ...]


@dataclass(frozen=True)
class Tape:
    """What a network does with images. hooks are those of its layers, so that one that is set later is seen."""

    steps: tuple[Step, ...]
    logits: int
    features: tuple[int, ...]
    hooks: tuple[dict[int, Any], ...]

    def run(self, x: Tensor, apply: Callable[[Call], Any]) -> list[Tensor]:
        """All results for images x, by number; apply(call) does what depends on the pixels."""
        results = [x]

        def result(place: Result) -> Tensor:
            return results[place.number]

        for step in self.steps:
            sources = [source for number in step.takes if (source := results[number]).requires_grad]
            kwargs = mapped(step.kwargs, Result, result) if step.kwargs else step.kwargs
            call = Call(step.function, mapped(step.args, Result, result), kwargs, sources)
            made = apply(call) if sources else call()
            results += [made] if isinstance(made, Tensor) else leaves(made, Tensor)
        return results


class Recorder:
    """Writes down the pass of x through network, as long as it is straight."""

    def __init__(self, network: nn.Module, x: Tensor) -> None:
        self.network, self.x = network, x
        self._weights = {id(weight) for weight in (*network.parameters(), *network.buffers())}
        self._results, self._numbers = [x], {id(x): 0}  # kept, so that no other tensor gets the same id
        self._of_pixels = {0}
        self._steps: list[Step] = []
        self._straight = True

    def note(self, call: Call, made: Any) -> None:
        """What a call gave."""
        taken = leaves((call.args, call.kwargs), Tensor)
        takes = tuple(self._numbers[id(each)] for each in taken if id(each) in self._numbers)
        of_pixels = not self._of_pixels.isdisjoint(takes)
        results = leaves(made, Tensor)
        if not results and made is not None:
            self._straight &= call.name in QUESTIONS or not of_pixels
            return
        self._straight &= all(id(each) in self._numbers or id(each) in self._weights for each in taken)
        # what has no gradient may be of another shape next time, and of None it is not known what was overwritten
        self._straight &= not of_pixels or (bool(results) and all(each.requires_grad for each in results))
        args, kwargs = (mapped(part, Tensor, self._placed) for part in (call.args, call.kwargs))
        self._steps.append(Step(call.function, args, kwargs, takes))
        for each in results:
            number = self._numbers[id(each)] = len(self._results)
            self._results.append(each)
            if of_pixels:
                self._of_pixels.add(number)

    def _placed(self, tensor: Tensor) -> Any:
        number = self._numbers.get(id(tensor))
        return tensor if number is None else Result(number)

    def finish(self, logits: Tensor, features: Sequence[Tensor]) -> None:
        """Keep the tape, if the pass was straight and the tape says the same."""
        ends = [self._numbers.get(id(each)) for each in (logits, *features)]
        numbers = [number for number in ends if number is not None]
        if not self._straight or len(numbers) < len(ends):
            return
        hooks = tuple(
            hooks for layer in self.network.modules() for hooks in (layer._forward_hooks, layer._forward_pre_hooks)
        )
        tape = Tape(tuple(self._steps), numbers[0], tuple(numbers[1:]), hooks)
        with torch.no_grad():
            again = tape.run(self.x.detach(), Call.__call__)
        if torch.allclose(again[tape.logits], logits, rtol=ROUNDING, atol=ROUNDING):
            TAPES.setdefault(self.network, {})[layout(self.x)] = tape


def tape_of(network: nn.Module, x: Tensor) -> Tape | None:
    """What network does with images like x, if that is known and no hook would miss them."""
    tape = TAPES.get(network, {}).get(layout(x))
    return None if tape is None or any(tape.hooks) else tape


def layout(x: Tensor) -> Layout:
    """What a straight network may ask about x."""
    return x.shape, x.stride(), x.dtype
