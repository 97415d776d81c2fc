"""Where a round patch lies: what the patch methods share."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.params import Params, param


@dataclass(frozen=True)
class DiscParams(Params):
    """Size and place of the patch."""

    size: float = param(25.0, "Diameter, as a share of the picture's side.", low=2, high=60, step=1, unit=" %")
    x: float = param(70.0, "Center, from the left edge of the picture.", low=0, high=100, step=1, unit=" %")
    y: float = param(70.0, "Center, from the upper edge of the picture.", low=0, high=100, step=1, unit=" %")


def disc(params: DiscParams, height: int, width: int) -> Tensor:
    """(h, w) bool: the pixels whose centers lie in the patch; always the one at its center."""
    rows, columns = torch.arange(height) + 0.5, torch.arange(width) + 0.5
    row, column = params.y / 100 * height, params.x / 100 * width
    inside = (rows[:, None] - row) ** 2 + (columns - column) ** 2 <= (params.size / 200 * min(height, width)) ** 2
    inside[min(int(row), height - 1), min(int(column), width - 1)] = True
    return inside
