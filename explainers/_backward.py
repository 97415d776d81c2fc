"""Passes whose way back follows rules of its own: guided backpropagation, DeepLIFT, LRP.

The rules see each operation of a pass as it is called, whether a layer calls it or a plus sign does, and in this thread
only. No layer is exchanged. What no rule covers, or what can't be seen, is refused. What is known of a network
(core/tape.py) is done without its layers, under the same rules.

Each rule gives the true output of an operation the gradient of another function, its stand-in. The gradient of the
logit is then a multiplier m for each input value a, and what is passed on to that value is a * m, in logits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from core.classifier import Classifier
from core.errors import Unsupported
from core.tape import tensors
from explainers._calls import Call


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


LINEAR = _names("""
    add add_ __radd__ sub sub_ __rsub__ rsub neg sum mean cat concat stack index_add __getitem__ chunk split unbind
    reshape view flatten squeeze unsqueeze expand expand_as permute transpose contiguous to clone pad dropout
    avg_pool2d adaptive_avg_pool2d
""")
"""Linear, but for a constant, in all that they take together."""

LINEAR_IN_FIRST = _names("mul mul_ div div_ matmul linear conv2d batch_norm masked_fill")
"""Linear, but for a constant, in one operand where all others are constant."""

ELEMENTWISE = _names("""
    relu relu_ relu6 hardtanh leaky_relu elu selu celu silu hardswish hardsigmoid gelu mish sigmoid tanh softplus
""")

LIMITS = {"relu": (0.0, torch.inf), "relu_": (0.0, torch.inf), "relu6": (0.0, 6.0)}
"""Between which values a clamp leaves a value as it is; those of hardtanh are among its operands."""

clamped_gradient = torch.ops.aten.hardtanh_backward.default  # looked up once, since that takes as long as small passes


class Rules(TorchFunctionMode):
    """Inside `with rules:`, operations on what stems from images follow the rules; subclasses add theirs in apply."""

    method: ClassVar[str]

    def __init__(self, images: Tensor) -> None:
        super().__init__()
        self.images = images.detach().requires_grad_(True)
        self._seen: dict[int, Tensor] = {id(self.images): self.images}

    def multipliers(self, model: Classifier, target: int) -> Tensor:
        """Those of images (N, C, h, w) for the logit of target of the first of them: like images. One pass of N images
        and back; raises Unsupported naming what no rule covers."""
        (multipliers,) = torch.autograd.grad(self.logit(model, target), self.images)
        return multipliers

    def logit(self, model: Classifier, target: int) -> Tensor:
        """That of target for the first of images, with the gradient that the rules give it. One pass; see above."""
        with torch.enable_grad(), self:
            logits = model.doing(self._do)(self.images)
            self._check_seen([logits])
            return logits[0, target]

    def apply(self, call: Call) -> Any:
        """The result of call, with the gradient that its rule gives it."""
        if call.name in LINEAR or is_linear_in_first(call):
            return call()
        result = call()
        if call.name == "detach" or (result is not None and not tensors(result)):
            return result
        raise self.refusal(call.name)

    def refusal(self, layer: str) -> Unsupported:
        """What to raise for a layer without a rule."""
        why = f"has no rule for an operation of this model, {layer}"
        return Unsupported(self.method, why, "Choose another method, or another model.")

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return self._done(Call(func, args, kwargs or {}))

    def _do(
        self, function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], taken: list[Tensor]
    ) -> Any:
        return self._done(Call(function, args, kwargs, [each for each in taken if each.requires_grad]))

    def _done(self, call: Call) -> Any:
        if not call.sources:
            return call()
        self._check_seen(call.sources)
        result = self.apply(call)
        for tensor in [result] if isinstance(result, Tensor) else tensors(result):
            if tensor.requires_grad:
                self._seen[id(tensor)] = tensor  # as long as it is kept, no other gets its id
        return result

    def _check_seen(self, tensors: Iterable[Tensor]) -> None:
        for tensor in tensors:
            if id(tensor) not in self._seen:
                raise self.refusal("which can't be looked into")


class _StandIn(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, _other: Tensor, factor: Tensor | float, value: Callable[[], Tensor]) -> Tensor:
        context.factor = factor
        return value()

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return gradient * context.factor, None, None


class _Sloped(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, z: Tensor, call: Call, slope: Callable[[Tensor], Tensor]) -> Tensor:
        value: Tensor = call()
        context.slope = slope(value.detach())
        if value is z:
            context.mark_dirty(z)
        return value

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return gradient * context.slope, None, None


def stand_in(value: Tensor, other: Tensor, factor: Tensor | float = 1.0) -> Tensor:
    """value, with the gradient of factor * other."""
    made: Tensor = _StandIn.apply(other, factor, lambda: value.detach())
    return made


def sloped(call: Call, slope: Callable[[Tensor], Tensor]) -> Tensor:
    """The result of an elementwise call, with the derivative slope(result)."""
    result: Tensor = _Sloped.apply(call.sources[0], call, slope)
    return result


def quotient(a: Tensor, b: Tensor) -> Tensor:
    """a / b without a gradient, and 0 where b is 0."""
    return (a.detach() / b.detach()).nan_to_num_(0, 0, 0)


def limits(call: Call) -> tuple[float, float] | None:
    """Between which values a clamp leaves a value as it is; None for any other operation."""
    if call.name == "hardtanh":
        return call.operand(1, "min_val"), call.operand(2, "max_val")
    return LIMITS.get(call.name)


def between(value: Tensor, low: float, high: float, kept: Tensor) -> Tensor:
    """kept where value lies between low and high, else 0."""
    result: Tensor = clamped_gradient(kept, value, low, high)
    return result


def is_linear_in_first(call: Call) -> bool:
    """Whether the only operand that depends on the pixels is the one in which the operation is linear."""
    if call.name not in LINEAR_IN_FIRST or len(call.sources) > 1:
        return False
    return call.name in ("mul", "matmul") or call.operand(0, "input") is call.sources[0]
