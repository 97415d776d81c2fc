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

from dataclasses import dataclass
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
    stand_in,
)
from explainers._registry import explainer

EPSILON = 1e-6


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
    """The convolution or dense layer that was called last, and what it gave."""

    call: Call
    input: Tensor
    weight: Tensor
    output: Tensor


class LrpRules(Rules):
    """For an image x, beside it all black and all white, between which each pixel lies.

    Rules of convolutions: z+ or epsilon, but on pixels the box rule, and of one channel only, by the size of the parts.
    Of dense layers: epsilon. Of activations: pass on as it is. Of maxima: to the winner. Of all that is linear: in
    proportion. A batch norm counts as part of the layer before it.
    """

    method = "LRP"

    def __init__(self, x: Tensor, rule: str) -> None:
        super().__init__(torch.cat([x, torch.zeros_like(x), torch.ones_like(x)]))
        self.rule = rule
        self._pixels = {id(self.images)}  # and what is linear in each of them, such as their normalization
        self._last: Layer | None = None

    def apply(self, call: Call) -> Any:
        if {source.shape[:1] for source in call.sources} == {(1,), (3,)}:
            raise self.refusal(f"{call.name} of pixels and what was made of them")
        if call.name in ("conv2d", "linear") and is_linear_in_first(call):
            return self._shared(call, call(), call.operand(0, "input"), call.operand(1, "weight"))
        if call.name == "batch_norm":
            return self._merged(call)
        if call.name in ELEMENTWISE:
            return self._passed_on(call)
        if call.name in ("max_pool2d", "logsumexp"):
            return call()
        result = super().apply(call)
        if call.name in LINEAR | {"mul", "div"} and all(id(source) in self._pixels for source in call.sources):
            self._pixels.add(id(result))
        return result

    def _shared(self, call: Call, value: Tensor, a: Tensor, weight: Tensor) -> Tensor:
        """value, the true output of a layer, as the sum of the shares that its inputs a have in it."""
        if call.name == "conv2d" and id(a) in self._pixels:
            pixel, black, white = a.chunk(3)
            above, below = pixel - torch.minimum(black, white), pixel - torch.maximum(black, white)
            parts = call.on(above, weight.clamp(min=0), None) + call.on(below, weight.clamp(max=0), None)
            value = value[:1]  # black and white have done their work
            factor = quotient(value, parts)
        elif call.name == "conv2d" and self.rule == "z+":
            image, alone = a[:1], weight.shape[1] == 1
            # all weights of one channel may be negative: then there is no positive part
            up, down = (weight.abs(), -weight.abs()) if alone else (weight.clamp(min=0), weight.clamp(max=0))
            if image.min() < 0:
                parts = call.on(image.clamp(min=0), up, None) + call.on(image.clamp(max=0), down, None)
            else:  # as after a rectifier
                parts = call.on(image, up, None)
            factor = quotient(value[:1], parts)
        else:
            parts = call.on(a[:1], weight, None)
            factor = quotient(value[:1], value[:1] + EPSILON * value[:1].sign())
        output = _of_the_image(value, parts, factor)
        self._last = Layer(call, a, weight, output)
        return output

    def _merged(self, call: Call) -> Tensor:
        """A batch norm and the layer whose output it takes, as one layer."""
        last, variance, gain = self._last, call.operand(2, "running_var"), call.operand(3, "weight")
        if last is None or call.sources[0] is not last.output or variance is None:
            raise self.refusal("batch_norm that does not follow a convolution or dense layer")
        scale = (variance + call.operand(7, "eps")).rsqrt() * (1 if gain is None else gain)
        weight = last.weight * scale.view(-1, *[1] * (last.weight.ndim - 1))
        return self._shared(last.call, call(), last.input, weight)

    def _passed_on(self, call: Call) -> Tensor:
        if call.at(torch.zeros(1)).any():
            raise self.refusal(call.name)
        z = call.sources[0].detach()
        z = z.clone() if call.overwrites else z
        return sloped(call, lambda value: quotient(value, z))


def _of_the_image(value: Tensor, parts: Tensor, factor: Tensor) -> Tensor:
    """value, in which the image that is explained, the first, has the gradient of factor * parts, the others none."""
    image = stand_in(value[:1], parts, factor)
    return image if len(value) == 1 else torch.cat([image, value[1:].detach()])


@explainer(
    name="Layer-wise relevance propagation",
    signed=True,
    unit="logits",
    reference="doi:10.1371/journal.pone.0130140",
    passes=lambda _params, _shape: 3,
    baseline=lambda x, _params, _rng: x[:0],
    needs=("module tree",),
)
def lrp(model: Classifier, x: Tensor, target: int, params: LrpParams, rng: torch.Generator) -> Tensor:
    """x (1, C, h, w) -> relevance (h, w), summed over the channels; it adds up to the logit but for constants."""
    rules = LrpRules(x, params.rule)
    return (rules.images * rules.multipliers(model, target)).sum((0, 1))
