"""Reference images: what a picture is compared with, and what covers a part of it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

BASELINES = ("black", "mean", "blurred")
BACKGROUNDS = ("mixed", "noise", "blurred", "even")

BLUR = 1 / 16
"""Standard deviation of the blur, as a share of the shorter side: small lesions vanish, large shadows stay."""


def baseline_image(kind: str, x: Tensor) -> Tensor:
    """x (1, C, h, w) -> the same shape: black, the mean color of x, or x without its detail."""
    if kind == "black":
        return torch.zeros_like(x)
    if kind == "mean":
        return x.mean(dim=(2, 3), keepdim=True).expand_as(x)
    return _blurred(x, BLUR)


def random_images(kind: str, x: Tensor, count: int, rng: torch.Generator) -> Tensor:
    """x (1, C, h, w) -> count images without its content (count, C, h, w) in [0, 1].

    noise: every value is drawn by itself, uniformly; blurred: x at half to four times BLUR; even: one random gray or
    color all over; mixed: these three in turn.
    """
    kinds = BACKGROUNDS[1:] if kind == "mixed" else (kind,)
    return torch.cat([_random_image(kinds[k % len(kinds)], x, rng) for k in range(count)])


def _random_image(kind: str, x: Tensor, rng: torch.Generator) -> Tensor:
    if kind == "noise":
        return torch.rand(x.shape, generator=rng)
    if kind == "even":
        return torch.rand((*x.shape[:2], 1, 1), generator=rng).expand_as(x)
    return _blurred(x, BLUR * 2 ** (3 * torch.rand((), generator=rng).item() - 1))


def _blurred(x: Tensor, share: float) -> Tensor:
    sigma = share * min(x.shape[2:])
    down, across = (_gaussian(size, sigma) for size in x.shape[2:])
    return (down @ x.detach().double() @ across.T).float()


@lru_cache(maxsize=64)
def _gaussian(size: int, sigma: float) -> Tensor:
    """(size, size) that blurs a column of pixels: a wide blur takes less time as a product than tap by tap, and a map
    asks for the same one twice."""
    return torch.from_numpy(gaussian_filter1d(np.eye(size), sigma, axis=0, mode="nearest"))
