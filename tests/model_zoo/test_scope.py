"""The feature distance, on features whose distribution is known."""

from __future__ import annotations

import math

import pytest
import torch

from model_zoo.measures import auroc
from model_zoo.scope import fit


def features(n: int, shift: float, seed: int) -> torch.Tensor:
    """(n, 40) normal; standard deviation 3 along the first 5, 1 along the rest; the mean of the last is shift."""
    x = torch.randn(n, 40, generator=torch.Generator().manual_seed(seed))
    x[:, :5] *= 3
    x[:, -1] += shift
    return x


def test_training_data_lie_at_distance_one() -> None:
    scope = fit(features(4000, 0, 0), torch.zeros(4000), axes=5)
    assert scope(features(2000, 0, 1)).square().mean().item() == pytest.approx(1, abs=0.03)


def test_distance_counts_standard_deviations() -> None:
    scope = fit(features(4000, 0, 0), torch.zeros(4000), axes=5)
    x = torch.zeros(2, 40)
    x[0, 0], x[1, -1] = 9, 9
    wide, narrow = (scope(x) * math.sqrt(40)).tolist()
    assert (wide, narrow) == (pytest.approx(3, rel=0.05), pytest.approx(9, rel=0.05))


def test_the_nearest_class_counts() -> None:
    x, classes = torch.cat([features(3000, -20, 0), features(3000, 20, 1)]), torch.arange(2).repeat_interleave(3000)
    near, between = fit(x, classes, axes=5)(torch.cat([features(100, 20, 2), features(100, 0, 3)])).split(100)
    assert near.mean() < 1.1
    assert between.min() > 2


def test_it_finds_what_is_far() -> None:
    scope = fit(features(2000, 0, 0), torch.zeros(2000), axes=5)
    distance = torch.cat([scope(features(300, 0, 1)), scope(features(300, 8, 2))]).numpy()
    assert auroc(distance, torch.arange(600).numpy() >= 300) > 0.99
