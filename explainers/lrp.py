"""**What it is.** The raw score (the logit) is handed back through the network, layer by layer, down to the pixels:
each value passes on what it received to the values that made it, in proportion to their part in it. Positive: this
pixel took part in raising the score. Negative: it took part in lowering it.

**What it guarantees.** It is the same on every run. Nothing gets lost but to constants inside the network, which belong
to no pixel: all values add up to the logit, but for a gap that is printed with the map.

**When to distrust it.** With the rule *z+*, convolutions hand back to positive parts only. The map is calm, but nearly
all of it takes the sign of the score, and maps of different findings, and of networks with random upper layers, come
out much alike ([arXiv:1912.09818](https://arxiv.org/abs/1912.09818)): check it against another finding. With *epsilon*
they hand back to all parts, and the map is noisy. A large gap means that constants hold much of the score: in small
networks for phones, such as EfficientNet-Lite, they can hold more than half. Networks with an operation that has no
rule are refused, among them those with gates, and those that normalize before they convolve.

**Reference.** Bach, Binder, Montavon, Klauschen, Müller, Samek 2015, *On pixel-wise explanations for non-linear
classifier decisions by layer-wise relevance propagation*,
[doi:10.1371/journal.pone.0130140](https://doi.org/10.1371/journal.pone.0130140); a rule for each kind of layer as in
Kohlbrenner et al. 2020, [arXiv:1910.09840](https://arxiv.org/abs/1910.09840); for pixels, the box rule of Montavon et
al. 2017, [arXiv:1512.02479](https://arxiv.org/abs/1512.02479).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import Params, param
from explainers._backward import (
    ELEMENTWISE,
    LINEAR,
    Call,
    Rules,
    is_linear_in_first,
    quotient,
    sloped,
)
from explainers._registry import explainer

EPSILON = 1e-6

QUESTIONS = frozenset({"__get__", "__len__", "dim", "size"})
"""Operations that only ask about a tensor, or else are refused."""


@dataclass(frozen=True)
class LrpParams(Params):
    """How convolutions share out what they receive."""

    rule: str = param(
        "z+",
        "What convolutions hand back to: only the positive parts (z+), or all (epsilon).",
        choices=("z+", "epsilon"),
    )


@dataclass(frozen=True, eq=False)
class Layer:
    """A convolution or dense layer."""

    call: Call
    input: Tensor
    weight: Tensor
    version: int  # of input; another, and it was overwritten


@dataclass(eq=False)
class Output:
    """value, shared out among parts by what each is of whole."""

    value: Tensor
    parts: Tensor
    whole: Tensor
    layer: Layer | None  # what gave value, unless a batch norm or an activation came after it
    _factor: Tensor | None = None

    def factor(self) -> Tensor:
        """By what a multiplier of value becomes one of parts. Once it was asked for, value may be overwritten."""
        if self._factor is None:
            self._factor = quotient(self.value, self.whole)
        return self._factor


class _Shared(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, _parts: Tensor, z: Tensor, value: Callable[[], Tensor], output: Output) -> Tensor:
        context.output = output
        context.set_materialize_grads(False)
        if value() is z:
            context.mark_dirty(z)
        return value()

    @staticmethod
    def backward(context: Any, gradient: Tensor | None) -> tuple[Tensor | None, None, None, None]:
        return None if gradient is None else gradient * context.output.factor(), None, None, None


class LrpRules(Rules):
    """For one image, whose pixels lie between black and white, 0 and 1. Rules of convolutions: z+ or epsilon, but on
    pixels the box rule, and of one channel only, by the size of the parts. Of dense layers: epsilon. Of activations:
    pass on as it is. Of maxima: to the winner. Of all that is linear: in proportion. A batch norm and an activation
    count as part of the layer that they follow."""

    method = "LRP"

    def __init__(self, x: Tensor, rule: str) -> None:
        super().__init__(x)
        self.rule = rule
        black, self.white = torch.zeros_like(x), torch.ones_like(x).requires_grad_(True)
        self._ends: dict[int, tuple[Tensor, ...]] = {
            id(self.images): (black, self.white)
        }  # and of what is linear in it
        self._outputs: dict[int, Output] = {}  # that only batch norms and activations have used yet

    def apply(self, call: Call) -> Any:
        if call.name == "batch_norm":
            return self._normalized(call)
        if call.name in ELEMENTWISE:
            return self._passed_on(call)
        for source in call.sources:
            if id(source) in self._outputs and call.name not in QUESTIONS:
                self._outputs.pop(id(source)).factor()
        ends = [self._ends.get(id(source)) for source in call.sources]
        if any(ends) and not all(ends):
            raise self.refusal(f"{call.name} of pixels and what was made of them")
        if call.name in ("conv2d", "linear") and is_linear_in_first(call):
            a = call.operand(0, "input")
            layer = Layer(call, a, call.operand(1, "weight"), a._version)
            return self._shared(call, *self._parts(layer), layer)
        if call.name in ("max_pool2d", "logsumexp"):
            return call()
        result = super().apply(call)
        if call.name in LINEAR | {"mul", "div"} and all(ends):
            self._ends[id(result)] = tuple(call.of(sources) for sources in zip(*ends, strict=True))
        return result

    def _parts(self, layer: Layer) -> tuple[Tensor, Tensor | None]:
        """What the inputs of layer have part in, and what that is part of: None if of the output."""
        call, a, weight = layer.call, layer.input, layer.weight
        if call.name == "linear" or (self.rule == "epsilon" and id(a) not in self._ends):
            return call.on(a, weight, None), None
        # all weights of one channel may be negative: then there is no positive part
        alone = weight.shape[1] == 1 and id(a) not in self._ends
        up, down = (weight.abs(), -weight.abs()) if alone else (weight.clamp(min=0), weight.clamp(max=0))
        if id(a) in self._ends:
            black, white = self._ends[id(a)]
            parts = _convolved(call, (a - torch.minimum(black, white), a - torch.maximum(black, white)), (up, down))
        elif a.detach().movedim(-3, -1).amin() < 0:
            parts = _convolved(call, (a.clamp(min=0), a.clamp(max=0)), (up, down))
        else:  # as after a rectifier
            parts = call.on(a, up, None)
        return parts, parts.detach()

    def _shared(self, call: Call, parts: Tensor, whole: Tensor | None, layer: Layer | None = None) -> Tensor:
        """The result of call, shared out among parts of whole, or of itself."""
        with torch.no_grad():
            value = call()
            whole = value + EPSILON * value.sign() if whole is None else whole
        output = Output(value.detach(), parts, whole, layer)
        result: Tensor = _Shared.apply(parts, call.sources[0], lambda: value, output)
        self._outputs[id(result)] = output
        return result

    def _normalized(self, call: Call) -> Tensor:
        """A batch norm and the layer whose output it takes, as one layer."""
        output, variance, gain = (
            self._outputs.get(id(call.sources[0])),
            call.operand(2, "running_var"),
            call.operand(3, "weight"),
        )
        layer = None if output is None else output.layer
        if layer is None or layer.input._version != layer.version or variance is None:
            raise self.refusal("batch_norm that does not follow a convolution or dense layer")
        scale = (variance + call.operand(7, "eps")).rsqrt() * (1 if gain is None else gain)
        weight = layer.weight * scale.view(-1, *[1] * (layer.weight.ndim - 1))
        return self._shared(call, *self._parts(replace(layer, weight=weight)))

    def _passed_on(self, call: Call) -> Tensor:
        if call.at(torch.zeros(1)).any():
            raise self.refusal(call.name)
        source = call.sources[0]
        if output := self._outputs.get(id(source)):
            return self._shared(call, output.parts, output.whole)
        z = source.detach().clone() if call.overwrites else source.detach()
        return sloped(call, lambda value: quotient(value, z))


def _convolved(call: Call, inputs: tuple[Tensor, Tensor], weights: tuple[Tensor, Tensor]) -> Tensor:
    """The sum of two convolutions without constants, faster as one where channels don't come in groups."""
    if inputs[0].shape[-3] == weights[0].shape[1]:
        return call.on(torch.cat(inputs, -3), torch.cat(weights, 1), None)
    return call.on(inputs[0], weights[0], None) + call.on(inputs[1], weights[1], None)


@explainer(
    name="Layer-wise relevance propagation",
    signed=True,
    unit="logits",
    reference="doi:10.1371/journal.pone.0130140",
    passes=lambda _params, _shape: 1,
    baseline=lambda x, _params, _rng: x[:0],
    needs=("module tree",),
)
def lrp(model: Classifier, x: Tensor, target: int, params: LrpParams, rng: torch.Generator) -> Tensor:
    """x (1, C, h, w) -> relevance (h, w), summed over the channels; it adds up to the logit but for constants."""
    rules = LrpRules(x, params.rule)
    logit = rules.logit(model, target)
    of_x, of_white = torch.autograd.grad(logit, (rules.images, rules.white), materialize_grads=True)
    return (x * of_x + of_white).sum((0, 1))
