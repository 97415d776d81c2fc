"""**What it is.** The image is compared with a baseline without content (black, its mean color, or its blurred self).
Each step of the network hands the difference in its output back to the differences in its input that made it, down to
the pixels. Positive: being different from the baseline here raised the raw score (the logit). Negative: it lowered it.

**What it guarantees.** Completeness: all values add up to the logit of the image minus the logit of the baseline, but
for a gap from rounding that is printed with the map. It takes one pass of image and baseline, and is the same on every
run.

**When to distrust it.** Every value is relative to the baseline: with black, a black pixel can't count; with the
blurred image, what survives the blur can't count. Two networks that always answer alike, but are built differently, can
get different maps ([arXiv:1703.01365](https://arxiv.org/abs/1703.01365)). Where it disagrees with integrated
gradients from the same baseline, trust neither. Networks with an operation that has no rule are refused.

**Reference.** Shrikumar, Greenside, Kundaje 2017, *Learning important features through propagating activation
differences*, [arXiv:1704.02685](https://arxiv.org/abs/1704.02685): its rescale rule. Maximum and product pass on
differences as in SHAP ([arXiv:1705.07874](https://arxiv.org/abs/1705.07874)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from core.classifier import Ask, Classifier
from core.params import Params, param
from explainers._backward import ELEMENTWISE, Rules, between, limits, quotient, sloped, stand_in
from explainers._baselines import BASELINES, baseline_image
from explainers._calls import Call, tensors_in
from explainers._registry import explainer

TINY = 1e-6
"""A change smaller than that is as good as none."""


@dataclass(frozen=True)
class DeepLiftParams(Params):
    """What the image is compared with."""

    baseline: str = param("mean", "The image without content to compare with.", choices=BASELINES)


class DeepLiftRules(Rules):
    """Multiplier times difference of the inputs, between x and baseline (1, C, h, w), is multiplier times difference of
    the outputs. The model is shown both; within it each operation is done with x, and with the values of the baseline,
    of which no gradient is needed."""

    method = "DeepLIFT"

    def __init__(self, x: Tensor, baseline: Tensor) -> None:
        super().__init__(torch.cat([x, baseline]))
        self._baseline: dict[int, Tensor] = {}

    def logit(self, model: Classifier, target: int) -> Tensor:
        """That of x; the model answers for both."""
        return super().logit(model.answering(self._apart), target)

    def _apart(self, ask: Ask, images: Tensor) -> Tensor:
        x, baseline = images.chunk(2)
        self._baseline = {id(x): baseline.detach()}
        logits = ask(x)
        self._check_seen([logits])
        other, self._baseline = self._baseline[id(logits)], {}
        return torch.cat([logits, other])

    def apply(self, call: Call) -> Any:
        if not self._baseline:
            return super().apply(call)  # on both images
        result, other = self._both(call, tuple(self._baseline[id(source)] for source in call.sources))
        if made := [id(tensor) for tensor in tensors_in(result)]:
            self._baseline.update(zip(made, (other,) if isinstance(other, Tensor) else other, strict=True))
        return result

    def _both(self, call: Call, others: tuple[Tensor, ...]) -> tuple[Any, Any]:
        """The results of call and of the same for the baseline, whose sources are others."""
        if call.name in ELEMENTWISE:
            change = call.sources[0].detach() - others[0]
            other = call.of(others)
            return straightened(call, change, other), other
        if call.name == "max_pool2d":
            return _max_pool(call, others[0])
        if call.name == "mul" and len(others) == 2:
            return _product(call.sources, others), call.of(others)
        if call.name == "logsumexp":
            return _logsumexp(call.sources[0], others[0], call.operand(1, "dim")), call.of(others)
        return super().apply(call), call.of(others)


def straightened(call: Call, change: Tensor, before: Tensor) -> Tensor:
    """The rescale rule: an elementwise call, whose source changed so much, counts as a straight line from its value
    before the change to its value now. Without a change its derivative counts."""
    z, ends = call.sources[0].detach(), limits(call)
    if call.overwrites and ends is None:
        z = z.clone()

    def slope(value: Tensor) -> Tensor:
        slopes = (value - before).div_(change)
        if ends is None:
            near = change.abs() < TINY
            slopes[near] = _derivative(call, z[near])
            return slopes
        # 0 where both lie at the same end; elsewhere 0 / 0 is no change
        return between(value + before, 2 * ends[0], 2 * ends[1], slopes).nan_to_num_(1.0)

    return sloped(call, slope)


def _derivative(call: Call, z: Tensor) -> Tensor:
    with torch.enable_grad():
        leaf = z.requires_grad_(True)
        (derivative,) = torch.autograd.grad(call.at(leaf).sum(), leaf)
    return derivative


def _product(factors: Sequence[Tensor], others: Sequence[Tensor]) -> Tensor:
    """The difference of a product is shared out evenly: each factor's difference times the mean of the other."""
    (a, b), (other_a, other_b) = factors, others
    return stand_in(a * b, a * (b.detach() + other_b) + b * (a.detach() + other_a), 0.5)


def _logsumexp(z: Tensor, other: Tensor, dim: Any) -> Tensor:
    """An exponential, a sum and a logarithm, one after the other. Entries may be -inf in both images."""
    top = torch.maximum(z.detach(), other).amax(dim, keepdim=True)
    z, other = (each.clamp(min=torch.finfo(z.dtype).min / 4) - top for each in (z, other))
    parts, other_parts = straightened(Call(torch.exp, (z,), {}), z.detach() - other, other.exp()), other.exp()
    total, other = parts.sum(dim), other_parts.sum(dim)
    return straightened(Call(torch.log, (total,), {}), total.detach() - other, other.log()) + top.squeeze(dim)


def _max_pool(call: Call, other: Tensor) -> tuple[Tensor, Tensor]:
    """A rise of the maximum comes from the pixel that is largest in the image, a fall from the one in the baseline."""
    (z,) = call.sources
    (value, there), (other_value, here) = (
        functional.max_pool2d(each, *call.args[1:], **{**call.kwargs, "return_indices": True}) for each in (z, other)
    )
    rise, total = value.detach() - other_value, torch.zeros_like(value)
    for place, part in ((there, rise.clamp(min=0)), (here, rise.clamp(max=0))):
        largest = _picked(z, place)
        difference = largest.detach() - _picked(other, place)
        total = total + quotient(part, difference.masked_fill(difference.abs() < TINY, 0)) * largest
    return stand_in(value, total), other_value


def _picked(z: Tensor, places: Tensor) -> Tensor:
    return z.flatten(2).gather(2, places.flatten(2)).view_as(places)


@explainer(
    name="DeepLIFT",
    signed=True,
    unit="logits",
    reference="arXiv:1704.02685",
    passes=lambda _params, _shape: 2,
    baseline=lambda x, params, _rng: baseline_image(params.baseline, x),
    needs=("module tree",),
)
def deep_lift(model: Classifier, x: Tensor, target: int, params: DeepLiftParams, rng: torch.Generator) -> Tensor:
    """x (1, C, h, w) -> contributions (h, w) to logit(x) - logit(baseline), summed over the channels."""
    baseline = baseline_image(params.baseline, x)
    multipliers = DeepLiftRules(x, baseline).multipliers(model, target)[0]
    return (multipliers * (x - baseline)[0]).sum(0)
