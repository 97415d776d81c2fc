"""**What it is.** The image is compared with a baseline without content (black, its mean color, or its blurred self).
Each step of the network hands the difference in its output back to the differences in its input that made it, down to
the pixels. Positive: being different from the baseline here raised the raw score (the logit). Negative: it lowered it.

**What it guarantees.** Completeness: all values add up to the logit of the image minus the logit of the baseline, but
for a gap from rounding that is printed with the map. It takes one pass, and is the same on every run.

**When to distrust it.** Every value is relative to the baseline: with black, a black pixel can't count; with the
blurred image, what survives the blur can't count. Two networks that always answer alike, but are built differently, can
get different maps ([arXiv:1703.01365](https://arxiv.org/abs/1703.01365)). Where it disagrees with integrated
gradients from the same baseline, trust neither. Networks with an operation that has no rule are refused.

**Reference.** Shrikumar, Greenside, Kundaje 2017, *Learning important features through propagating activation
differences*, [arXiv:1704.02685](https://arxiv.org/abs/1704.02685): its rescale rule. Maximum and product pass on
differences as in SHAP ([arXiv:1705.07874](https://arxiv.org/abs/1705.07874)).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from core.classifier import Classifier
from core.params import Params, param
from explainers._backward import ELEMENTWISE, TINY, Call, Rules, in_place, secant, stand_in
from explainers._baselines import BASELINES, baseline_image
from explainers._registry import explainer


@dataclass(frozen=True)
class DeepLiftParams(Params):
    """What the image is compared with."""

    baseline: str = param("mean", "The image without content to compare with.", choices=BASELINES)


class DeepLiftRules(Rules):
    """For a pair of images: multiplier times difference of the inputs is multiplier times difference of the outputs."""

    method = "DeepLIFT"

    def apply(self, call: Call) -> Any:
        if call.name in ELEMENTWISE:
            return in_place(call, rescaled(call.at, call.sources[0]))
        if call.name == "max_pool2d":
            return _max_pool(call)
        if call.name == "mul" and len(call.sources) == 2:
            return _product(*call.sources)
        if call.name == "logsumexp":
            return _logsumexp(call.sources[0], call.operand(1, "dim"))
        return super().apply(call)


def rescaled(function: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    """The rescale rule: an elementwise function of a pair z is a straight line through both its values."""
    value = function(z.detach())
    (image, baseline), (there, here) = z.detach().chunk(2), value.chunk(2)
    return stand_in(value, z, secant(function, image, image - baseline, there - here))


def _product(a: Tensor, b: Tensor) -> Tensor:
    """The difference of a product is shared out evenly: each factor's difference times the mean of the other."""
    mean_a, mean_b = ((z[:1] + z[1:]).detach() / 2 for z in (a, b))
    return stand_in(a * b, a * mean_b + b * mean_a)


def _logsumexp(z: Tensor, dim: Any) -> Tensor:
    """An exponential, a sum and a logarithm, one after the other. Entries may be -inf in both images."""
    top = z.detach().amax(dim, keepdim=True).amax(0, keepdim=True)
    finite = z.clamp(min=torch.finfo(z.dtype).min / 4)
    return rescaled(torch.log, rescaled(torch.exp, finite - top).sum(dim)) + top.squeeze(dim)


def _max_pool(call: Call) -> Tensor:
    """A rise of the maximum comes from the pixel that is largest in the image, a fall from the one in the baseline."""
    (z,) = call.sources
    value, where = functional.max_pool2d(z, *call.args[1:], **{**call.kwargs, "return_indices": True})
    rise = (value[:1] - value[1:]).detach()
    total = torch.zeros_like(value)
    for place, change in zip(where.chunk(2), (rise.clamp(min=0), rise.clamp(max=0)), strict=True):
        largest = torch.cat([_picked(half, place) for half in z.chunk(2)])
        difference = (largest[:1] - largest[1:]).detach()
        share = torch.where(difference.abs() < TINY, 0, change / torch.where(difference.abs() < TINY, 1, difference))
        total = total + share * largest
    return stand_in(value, total)


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
    multipliers = DeepLiftRules(torch.cat([x, baseline])).multipliers(model, target)
    return (multipliers[0] * (x - baseline)[0]).sum(0)
