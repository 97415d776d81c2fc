"""Gradients with respect to the input."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from core.classifier import Classifier


def input_gradient(model: Classifier, x: Tensor, score: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    """Gradient of score(logits) (N,) with respect to x (N, C, h, w): (gradient like x, logits (N, K)).

    One forward and one backward pass. The images of a batch don't mix.
    """
    with torch.enable_grad():
        x = x.detach().requires_grad_(True)
        logits = model(x)
        (gradient,) = torch.autograd.grad(score(logits).sum(), x)
    return gradient, logits.detach()
