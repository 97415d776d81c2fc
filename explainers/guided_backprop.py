"""**What it is.** The gradient of the raw score (the logit) with respect to every pixel, but on the way back through
the network every negative part is dropped wherever a layer cuts off negative values (ReLU). What is left looks crisp.

**What it guarantees.** It is the same on every run. Nothing more: no value of it is a change of the score.

**When to distrust it.** Always, as an explanation. It fails the sanity checks: networks with random weights, and other
findings, get nearly the same crisp map ([arXiv:1810.03292](https://arxiv.org/abs/1810.03292)), because dropping the
negative parts restores edges of the image ([arXiv:1805.07039](https://arxiv.org/abs/1805.07039)). It is here to be
compared with others and to teach that a sharp map need not be a true one. Networks whose activations are others than
ReLU and ReLU6, but for gates, are refused, since the method is not defined for them.

**Reference.** Springenberg, Dosovitskiy, Brox, Riedmiller 2014, *Striving for simplicity: the all convolutional net*,
[arXiv:1412.6806](https://arxiv.org/abs/1412.6806).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import Params
from explainers._backward import Rules, between, limits
from explainers._calls import Call
from explainers._registry import explainer

ORDINARY = frozenset({"mul", "max_pool2d", "sigmoid", "hardsigmoid", "logsumexp"})


@dataclass(frozen=True)
class GuidedBackpropParams(Params):
    """There is nothing to choose."""


@dataclass
class Guide:
    """Whether negative gradients are dropped."""

    on: bool = True


class GuidedRules(Rules):
    """Rectifiers pass positive gradients only, while guide.on; everything else passes the gradient that it has."""

    method = "Guided backpropagation"

    def __init__(self, images: Tensor) -> None:
        super().__init__(images)
        self.guide = Guide()

    def apply(self, call: Call) -> Any:
        ends = limits(call)
        if ends is not None and ends[0] == 0:
            return _Guided.apply(call.sources[0], call, ends[1], self.guide)
        return call() if call.name in ORDINARY else super().apply(call)


class _Guided(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, z: Tensor, call: Call, top: float, guide: Guide) -> Tensor:
        value: Tensor = call()
        context.top, context.guide = top, guide
        context.save_for_backward(value if value is z or top == torch.inf else z)  # as torch does
        if value is z:
            context.mark_dirty(z)
        return value

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        (value,) = context.saved_tensors
        passed = between(value, 0, context.top, kept=gradient)
        return passed.relu_() if context.guide.on else passed, None, None, None


@explainer(
    name="Guided backpropagation",
    signed=True,
    magnitude=True,
    unit="logits / full scale, guided",
    reference="arXiv:1412.6806",
    passes=lambda _params, _shape: 1,
    needs=("module tree",),
)
def guided_backprop(
    model: Classifier, x: Tensor, target: int, params: GuidedBackpropParams, rng: torch.Generator
) -> Tensor:
    """x (1, C, h, w) -> guided gradient of the logit (h, w), summed over the channels."""
    return GuidedRules(x).multipliers(model, target)[0].sum(0)
