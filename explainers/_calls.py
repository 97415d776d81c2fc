"""One operation of a pass, with what it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from core.tape import mapped, tensors


class Call:
    """function(*args, **kwargs); sources are the operands that depend on the pixels, sought if not given."""

    def __init__(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        kwargs: dict[str, Any],
        sources: list[Tensor] | None = None,
    ) -> None:
        self.function, self.args, self.kwargs = function, args, kwargs
        self.name: str = function.__name__  # e.g. conv2d, relu, add
        if sources is None:
            sources = tensors_in((args, kwargs))
        self.sources = sources

    def __call__(self) -> Any:
        return self.function(*self.args, **self.kwargs)

    @property
    def overwrites(self) -> bool:
        """Whether it is an elementwise operation that writes its result into its source."""
        return self.name.endswith("_") or bool(self.kwargs.get("inplace"))

    def operand(self, position: int, name: str) -> Any:
        """The operand, given by its position or by its name; None if left out."""
        return self.args[position] if position < len(self.args) else self.kwargs.get(name)

    def on(self, *operands: Any) -> Tensor:
        """The same with other first operands; those of convolutions and dense layers are input, weight and bias."""
        named = ("input", "weight", "bias")[: len(operands)]
        rest = {name: value for name, value in self.kwargs.items() if name not in named}
        result: Tensor = self.function(*operands, *self.args[len(operands) :], **rest)
        return result

    def at(self, z: Tensor) -> Tensor:
        """The same at z, in place of the one source; z stays as it is."""
        result: Tensor = self.of((z.clone(),))
        return result

    def of(self, others: Sequence[Tensor]) -> Any:
        """The same of others, in place of the sources."""
        exchange = dict(zip(map(id, self.sources), others, strict=True))

        def other(tensor: Tensor) -> Tensor:
            return exchange.get(id(tensor), tensor)

        return self.function(*mapped(self.args, Tensor, other), **mapped(self.kwargs, Tensor, other))


def tensors_in(tree: Any) -> list[Tensor]:
    """Those that depend on the pixels, among what an operation takes or gives."""
    return [each for each in tensors(tree) if each.requires_grad]
