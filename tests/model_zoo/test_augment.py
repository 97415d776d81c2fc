"""Random changes keep shape and range, and repeat with the same generator."""

from __future__ import annotations

import pytest
import torch

from model_zoo.augment import augmented
from model_zoo.tasks import load_task, task_keys


@pytest.mark.parametrize("key", task_keys())
def test_shape_range_and_seed(key: str) -> None:
    task = load_task(key)
    x = torch.rand(6, task.input.channels, 48, 48, generator=torch.Generator().manual_seed(1))
    first, second = (augmented(x, 32, task.augment, torch.Generator().manual_seed(2)) for _ in range(2))
    assert first.shape == (6, task.input.channels, 32, 32)
    assert first.min() >= 0
    assert first.max() <= 1
    assert torch.equal(first, second)
    assert not torch.equal(first, augmented(x, 32, task.augment, torch.Generator().manual_seed(3)))
