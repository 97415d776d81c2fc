"""Random changes of a batch of training pictures: geometry, color, sharpness, missing parts.

Legend: N pictures of a batch, C channels, s side of the output. Every random number comes from the generator.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from model_zoo.tasks import Augment


def augmented(x: Tensor, side: int, how: Augment, generator: Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> (N, C, s, s) in [0, 1]."""
    if x.shape[-1] != side:
        x = F.interpolate(x, size=(side, side), mode="bilinear", antialias=True)
    x = _moved(x, how, generator)
    x = _recolored(x, how, generator)
    x = _blurred(x, how, generator)
    x = x + torch.randn(x.shape, generator=generator) * (how.noise * torch.rand(len(x), 1, 1, 1, generator=generator))
    x = _erased(x.clamp(0, 1), how, generator)
    return x.contiguous(memory_format=torch.channels_last)


def _uniform(limit: float, shape: tuple[int, ...], generator: Generator) -> Tensor:
    return (2 * torch.rand(shape, generator=generator) - 1) * limit


def _moved(x: Tensor, how: Augment, generator: Generator) -> Tensor:
    """Rotation, zoom, change of aspect, shift and mirroring in one resampling."""
    n = (len(x),)
    angle = _uniform(math.radians(how.rotation), n, generator)
    zoom, aspect = _uniform(how.zoom, n, generator), _uniform(how.aspect / 2, n, generator)
    mirror = torch.where(torch.rand(n, generator=generator) < 0.5, -1.0, 1.0)
    across, down = torch.exp(zoom + aspect) * mirror, torch.exp(zoom - aspect)
    shift = _uniform(2 * how.shift, (2, len(x)), generator)
    rows = [
        torch.stack([across * torch.cos(angle), -down * torch.sin(angle), shift[0]], dim=1),
        torch.stack([across * torch.sin(angle), down * torch.cos(angle), shift[1]], dim=1),
    ]
    grid = F.affine_grid(torch.stack(rows, dim=1), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode=how.pad, align_corners=False)


def _recolored(x: Tensor, how: Augment, generator: Generator) -> Tensor:
    """Gamma, gain of all and of single channels, contrast about the mean, saturation."""
    n, channels = x.shape[:2]
    x = x.clamp_min(1e-4) ** torch.exp(_uniform(how.gamma, (n, 1, 1, 1), generator))
    if channels == 3:
        gray = x.mean(dim=1, keepdim=True)
        x = gray + (x - gray) * torch.exp(_uniform(2 * how.tint, (n, 1, 1, 1), generator))
    gain = _uniform(how.gain, (n, 1, 1, 1), generator) + _uniform(how.tint, (n, channels, 1, 1), generator)
    contrast = torch.exp(_uniform(how.gain, (n, 1, 1, 1), generator))
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    return ((x - mean) * contrast + mean) * torch.exp(gain)


def _blurred(x: Tensor, how: Augment, generator: Generator) -> Tensor:
    """Some pictures lose detail: reduced by a factor up to 3 and enlarged again."""
    chosen = torch.rand(len(x), generator=generator) < how.blur
    if not chosen.any():
        return x
    side = round(x.shape[-1] / (1 + 2 * torch.rand(1, generator=generator).item()))
    small = F.interpolate(x[chosen], size=(side, side), mode="bilinear", antialias=True)
    x = x.clone()
    x[chosen] = F.interpolate(small, size=x.shape[-2:], mode="bilinear", align_corners=False)
    return x


def _erased(x: Tensor, how: Augment, generator: Generator) -> Tensor:
    """Boxes of one gray value over corners (where letters and rulers are) and anywhere."""
    side = x.shape[-1]
    for picture in x:
        if torch.rand(1, generator=generator).item() < how.erase_corners:
            _erase(picture, _uniform(0.5, (2,), generator).sign().mul(0.5).add(0.5) * side, 0.25 * side, generator)
        if torch.rand(1, generator=generator).item() < how.erase_boxes:
            _erase(picture, torch.rand(2, generator=generator) * side, 0.15 * side, generator)
    return x


def _erase(picture: Tensor, center: Tensor, reach: float, generator: Generator) -> None:
    half = reach * (0.3 + 0.7 * torch.rand(2, generator=generator))
    low, high = (center - half).clamp_min(0).int().tolist(), (center + half).int().tolist()
    picture[:, low[0] : high[0], low[1] : high[1]] = torch.rand(1, generator=generator)
