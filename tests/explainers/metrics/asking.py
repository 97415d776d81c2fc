"""Questions to measures, with all that a test does not care about filled in."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import Params
from explainers.metrics import MEASURES, Measured, Question
from tests.toys import linear_classifier


def pixels_of(model: Classifier, seed: int = 0) -> Tensor:
    """(1, C, h, w) random values."""
    spec = model.card.input
    return torch.rand(1, spec.channels, spec.size, spec.size, generator=torch.Generator().manual_seed(seed))


def ask(
    key: str,
    heat: Tensor | np.ndarray,
    params: Params | None = None,
    *,
    model: Classifier | None = None,
    x: Tensor | None = None,
    region: Tensor | None = None,
    visible: Tensor | None = None,
    again: Callable[[Classifier, Tensor], Tensor] | None = None,
    seed: int = 0,
) -> Measured:
    """What a measure says of heat (h, w) and a linear model; by default, all of a random picture is visible."""
    heat = torch.as_tensor(heat, dtype=torch.float32)
    model = model or linear_classifier(size=heat.shape[0])
    question = Question(
        model=model,
        x=pixels_of(model) if x is None else x,
        target=0,
        heat=heat,
        visible=torch.ones(heat.shape, dtype=torch.bool) if visible is None else visible,
        region=region,
        again=lambda model, images: torch.stack([again(model, x[None]) if again else heat for x in images]),
    )
    measure = MEASURES[key]
    measured: Measured = measure.function(question, measure.checked(params), torch.Generator().manual_seed(seed))
    assert math.isnan(measured.value) or type(measured.value) is float
    return measured


def square(size: int, top: int, left: int, side: int) -> Tensor:
    """(size, size) bool: a square."""
    mask = torch.zeros(size, size, dtype=torch.bool)
    mask[top : top + side, left : left + side] = True
    return mask
