"""Gradients with respect to the input, and feature maps borrowed through hooks that are always given back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

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


@contextmanager
def borrowed_output(model: Classifier, module: nn.Module | None) -> Iterator[list[Tensor]]:
    """Inside the block, each pass appends the output of module; the model is locked, the hook removed at the end."""
    outputs: list[Tensor] = []
    assert module is not None, "a method that reads feature maps declares that it needs them"
    with model.lock:
        handle = module.register_forward_hook(lambda _module, _inputs, output: outputs.append(output))
        try:
            yield outputs
        finally:
            handle.remove()
