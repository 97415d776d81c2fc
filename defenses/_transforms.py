"""What defenses that change the picture share: the change put before a model, and a way back for the gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor

from core.classifier import Classifier

Transform: TypeAlias = Callable[[Tensor], Tensor]


def seen_through(model: Classifier, transform: Transform) -> Classifier:
    """The model that is shown transform(x), (N, C, h, w) in [0, 1] -> the same, in place of x."""
    return model.answering(lambda ask, x: ask(transform(x)))


def straight_through(transform: Transform) -> Transform:
    """transform with the gradient of the identity: backward pass differentiable approximation (BPDA, Athalye, Carlini,
    Wagner 2018, arXiv:1802.00420), for one whose own gradient is zero or undefined."""

    def straight(x: Tensor) -> Tensor:
        transformed: Tensor = _Straight.apply(x, transform)
        return transformed

    return straight


def approximated(transform: Transform, by: Transform) -> Transform:
    """transform with the gradient of another that is like it: BPDA too, see straight_through()."""

    def forward(x: Tensor) -> Tensor:
        if not torch.is_grad_enabled():
            return transform(x)
        like = by(x)
        return like + (transform(x) - like).detach()

    return forward


class _Straight(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, transform: Transform) -> Tensor:
        return transform(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None
