"""**What it is.** The gradient of the raw score (the logit) with respect to every pixel, but on the way back through
the network every negative part is dropped wherever a layer cuts off negative values (ReLU). What is left looks crisp.

**What it guarantees.** It is the same on every run. Nothing more: no value of it is a change of the score.

**When to distrust it.** Always, as an explanation. It fails the sanity checks: networks with random weights, and other
findings, get nearly the same crisp map ([arXiv:1810.03292](https://arxiv.org/abs/1810.03292)), because dropping the
negative parts restores edges of the image ([arXiv:1805.07039](https://arxiv.org/abs/1805.07039)). It is here to be
compared with others and to teach that a sharp map need not be a true one. Networks with other activations than ReLU and
ReLU6 are refused, since the method is not defined for them.

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
from explainers._backward import Call, Rules
from explainers._registry import explainer

RECTIFIERS = frozenset({"relu", "relu_", "relu6"})
ORDINARY = frozenset({"mul", "max_pool2d", "sigmoid", "hardsigmoid", "logsumexp"})


@dataclass(frozen=True)
class GuidedBackpropParams(Params):
    """There is nothing to choose."""


class GuidedRules(Rules):
    """Rectifiers pass positive gradients only; everything else passes the gradient that it has."""

    method = "Guided backpropagation"

    def apply(self, call: Call) -> Any:
        if call.name in RECTIFIERS or (call.name == "hardtanh" and call.operand(1, "min_val") == 0):
            rectified: Tensor = call()
            rectified.register_hook(lambda gradient: gradient.clamp(min=0))  # type: ignore[no-untyped-call]
            return rectified
        return call() if call.name in ORDINARY else super().apply(call)


@explainer(
    name="Guided backpropagation",
    signed=True,
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
