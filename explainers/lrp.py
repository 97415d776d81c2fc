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

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from core.classifier import Classifier
from core.params import Params, param
from explainers._backward import (
    ELEMENTWISE,
    LINEAR,
    Rules,
    is_linear_in_first,
    limits,
    quotient,
    sloped,
)
from explainers._calls import Call
from explainers._registry import explainer

EPSILON = 1e-6

QUESTIONS = frozenset({"__get__", "__len__", "dim", "size", "numel", "stride", "is_contiguous"})
"""Operations that only ask about a tensor; what of __get__ gives a tensor is refused."""

Part: TypeAlias = Callable[[Tensor], Tensor]

KEPT: MutableMapping[Tensor, dict[tuple[Part, ...], tuple[tuple[int, int], Tensor]]] = WeakTensorKeyDictionary()
"""{weight (D, C, rows, columns): {parts: (where and in which version it was, these parts, joined along C)}} as long as
the weight is in memory, since each map takes them: 1.5 times the size of the shipped networks, at most 4 times."""


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
    """A convolution or dense layer; bare as long as no activation has followed."""

    call: Call
    input: Tensor
    weight: Tensor
    version: int  # of input; another, and it was overwritten
    bare: bool = True


class _Shared(torch.autograd.Function):
    """z as it is, with the gradient of factor * parts, once: factor is overwritten."""

    @staticmethod
    def forward(context: Any, _parts: Tensor, z: Tensor, factor: Tensor) -> Tensor:
        context.factor = factor
        context.mark_dirty(z)
        return z

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return context.factor.mul_(gradient), None, None


class LrpRules(Rules):
    """For one image, whose pixels lie between black and white, 0 and 1; what is linear in them is done with these too.
    Rules of convolutions: z+ or epsilon, but on pixels the box rule, and of one channel only, by the size of the parts.
    Of dense layers: epsilon. Of activations: pass on as it is. Of maxima: to the winner. Of all that is linear: in
    proportion.

    A batch norm counts as part of the layer before it, and so does an activation where no part is negative: hence what
    a layer gave is shared out among its inputs only when something else is about to use it."""

    method = "LRP"

    def __init__(self, x: Tensor, rule: str) -> None:
        super().__init__(x)
        self.rule = rule
        black, self.white = torch.zeros_like(x), torch.ones_like(x).requires_grad_(True)
        self._ends = {id(self.images): (black, self.white)}  # of all that is linear in the pixels
        self._layers: dict[int, Layer] = {}  # by what they gave, until it is shared out
        self._rectified: dict[int, int] = {}  # versions of what rectifiers gave, of which no part is negative

    def apply(self, call: Call) -> Any:
        if call.name == "batch_norm":
            return self._normalized(call)
        if call.name in ELEMENTWISE:
            return self._passed_on(call)
        if call.name not in QUESTIONS:
            for source in call.sources:
                self._share_out(source)
        ends = [self._ends.get(id(source)) for source in call.sources]
        if any(ends) and not all(ends):
            raise self.refusal(f"{call.name} of pixels and what was made of them")
        if call.name in ("conv2d", "linear") and is_linear_in_first(call):
            a = call.operand(0, "input")
            return self._not_yet_shared(call, Layer(call, a, call.operand(1, "weight"), a._version))
        if call.name in ("max_pool2d", "logsumexp"):
            return call()
        if all(ends) and call.name.endswith("_") and call.args[0] is not call.sources[0]:
            raise self.refusal(f"{call.name} of pixels to what is none")
        result = super().apply(call)
        if call.name in LINEAR | {"mul", "mul_", "div", "div_"} and all(ends):
            made = [result, *(call.of(sources) for sources in zip(*ends, strict=True))]
            pieces = zip(*made, strict=True) if isinstance(result, tuple | list) else [made]
            self._ends |= {id(piece): (black, white) for piece, black, white in pieces if piece.requires_grad}
        return result

    def _normalized(self, call: Call) -> Tensor:
        layer, variance = self._layers.get(id(call.sources[0])), call.operand(2, "running_var")
        if layer is None or not layer.bare or variance is None:
            raise self.refusal("batch_norm that does not follow a convolution or dense layer")
        gain = call.operand(3, "weight")
        scale = (variance + call.operand(7, "eps")).rsqrt() * (1 if gain is None else gain)
        weight = layer.weight * scale.view(-1, *[1] * (layer.weight.ndim - 1))
        return self._not_yet_shared(call, replace(layer, weight=weight))

    def _passed_on(self, call: Call) -> Tensor:
        (source,) = call.sources
        ends = limits(call)
        moves_zero = call.at(torch.zeros(1)).any() if ends is None else not ends[0] <= 0 <= ends[1]
        if moves_zero or (call.overwrites and id(source) in self._ends):
            raise self.refusal(call.name)
        layer = self._layers.get(id(source))
        if layer is not None and not self._by_epsilon(layer):
            with torch.set_grad_enabled(torch.is_grad_enabled() and not call.overwrites):
                result = self._not_yet_shared(call, replace(layer, bare=False))
            if ends is not None and ends[0] == 0 and result.requires_grad:
                self._rectified[id(result)] = result._version
            return result
        self._share_out(source)
        z = source.detach().clone() if call.overwrites else source.detach()
        return sloped(call, lambda value: quotient(value, z))

    def _not_yet_shared(self, call: Call, layer: Layer) -> Tensor:
        """The result of call, with which layer ends so far."""
        result: Tensor = call()
        if result._is_view():  # as of dense layers on more than one axis; views can't get another gradient
            result = result.clone()
        if result.requires_grad:
            self._layers[id(result)] = layer
        return result

    def _share_out(self, z: Tensor) -> None:
        """Share out z, if a layer gave it, among the inputs of that; once is enough."""
        layer = self._layers.pop(id(z), None)
        if layer is None:
            return
        if layer.input._version != layer.version:
            raise self.refusal(f"{layer.call.name} of what is overwritten")
        rectified = self._rectified.get(id(z)) == z._version
        z.detach_()  # from its own gradient
        with torch.enable_grad():
            parts = self._parts(layer)
            whole = z + EPSILON * z.sign() if self._by_epsilon(layer) else parts
            factor = whole.detach()  # the same memory: autograd does not need the values of parts
            torch.div(z, factor, out=factor).nan_to_num_(0, 0, 0)
            _Shared.apply(parts, z, factor)
        if rectified:
            self._rectified[id(z)] = z._version

    def _by_epsilon(self, layer: Layer) -> bool:
        return layer.call.name == "linear" or (self.rule == "epsilon" and id(layer.input) not in self._ends)

    def _parts(self, layer: Layer) -> Tensor:
        """What the inputs of layer have part in."""
        call, a, weight = layer.call, layer.input, layer.weight
        if self._by_epsilon(layer):
            return call.on(a, weight, None)
        if id(a) in self._ends:
            black, white = self._ends[id(a)]
            inputs = a - torch.minimum(black, white), a - torch.maximum(black, white)
            return _convolved(call, inputs, weight, (_positive, _negative))
        # all weights of one channel may be negative: then there is no positive part
        up, down = (torch.abs, _minus_size) if weight.shape[1] == 1 else (_positive, _negative)
        if self._rectified.get(id(a)) == a._version or a.detach().amin() >= 0:
            return call.on(a, _kept(weight, up), None)
        positive = a.relu()  # its gradient and that of a difference take less than those of two clamps
        return _convolved(call, (positive, a - positive), weight, (up, down))


def _convolved(call: Call, inputs: tuple[Tensor, Tensor], weight: Tensor, parts: tuple[Part, Part]) -> Tensor:
    """The sum of two convolutions without constants, faster as one where channels don't come in groups."""
    if inputs[0].shape[-3] == weight.shape[1]:
        return call.on(torch.cat(inputs, -3), _kept(weight, *parts), None)
    first, second = (call.on(each, _kept(weight, part), None) for each, part in zip(inputs, parts, strict=True))
    return first + second


def _kept(weight: Tensor, *parts: Part) -> Tensor:
    """weight (D, C, rows, columns) -> parts of it (D, parts * C, rows, columns); made again only if it was changed, but
    not if .data was written to, which torch does not count."""
    of_weight, state = KEPT.setdefault(weight, {}), (weight.data_ptr(), weight._version)
    known = of_weight.get(parts)
    if known is None or known[0] != state:
        made = [part(weight.detach()) for part in parts]
        known = of_weight[parts] = state, made[0] if len(made) == 1 else torch.cat(made, 1)
    return known[1]


def _positive(weight: Tensor) -> Tensor:
    return weight.clamp(min=0)


def _negative(weight: Tensor) -> Tensor:
    return weight.clamp(max=0)


def _minus_size(weight: Tensor) -> Tensor:
    return -weight.abs()


@explainer(
    name="Relevance propagation (LRP)",
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
