"""Reference images: what a picture is compared with, and what covers a part of it."""

from __future__ import annotations

import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

BASELINES = ("black", "mean", "blurred")

BLUR = 1 / 16
"""Standard deviation of the blur, as a share of the shorter side: small lesions vanish, large shadows stay."""


def baseline_image(kind: str, x: Tensor) -> Tensor:
    """x (1, C, h, w) -> the same shape: black, the mean color of x, or x without its detail."""
    if kind == "black":
        return torch.zeros_like(x)
    if kind == "mean":
        return x.mean(dim=(2, 3), keepdim=True).expand_as(x)
    sigma = BLUR * min(x.shape[2:])
    return torch.from_numpy(gaussian_filter(x.numpy(force=True), sigma=(0, 0, sigma, sigma), mode="nearest"))
