"""Walks from one picture to another, pixel by pixel in the order of the heat."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from explainers.metrics._registry import Measured, Question


def order(question: Question, rng: torch.Generator) -> Tensor:
    """Indices of the visible pixels in the flat picture, those with the most heat first; ties in random order."""
    seen = question.visible.flatten().nonzero()[:, 0]
    shuffled = seen[torch.randperm(len(seen), generator=rng)]
    return shuffled[question.heat.flatten()[shuffled].argsort(descending=True, stable=True)]


def first(ranked: Tensor, share: float, shape: torch.Size) -> Tensor:
    """(h, w) bool: the first share of the ranked pixels."""
    taken = torch.zeros(shape.numel(), dtype=torch.bool)
    taken[ranked[: round(share * len(ranked))]] = True
    return taken.view(shape)


def walk(question: Question, start: Tensor, end: Tensor, portions: int, rng: torch.Generator) -> Measured:
    """The logit of the target on the way from start (1, C, h, w) to end, by the share of pixels taken from end, and
    its mean by the trapezoidal rule."""
    ranked, shares = order(question, rng), np.linspace(0, 1, portions + 1).tolist()
    shape = question.heat.shape
    logits = question.logits(torch.where(first(ranked, share, shape), end, start) for share in shares)
    return Measured(float(np.trapezoid(logits, shares)), tuple(zip(shares, logits, strict=True)))
