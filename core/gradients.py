"""Gradients with respect to the input, and feature maps borrowed through hooks that are always given back."""

from __future__ import annotations

import threading
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
    """Inside the block, each pass of this thread appends the output of module; the hook is removed at the end.

    Others may use the model between its passes, and borrow from it too: what they send through is not seen here.
    """
    outputs: list[Tensor] = []
    borrower = threading.get_ident()
    assert module is not None, "a method that reads feature maps declares that it needs them"

    def append(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if threading.get_ident() == borrower:
            outputs.append(output)

    with model.lock:
        handle = module.register_forward_hook(append)
    try:
        yield outputs
    finally:
        with model.lock:
            handle.remove()
