"""Measures of place against a square, by hand."""

from __future__ import annotations

import math

import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor

from tests.explainers.metrics.asking import ask, square

REGION = square(10, 2, 2, 4)
KEYS = ("pointing_game", "mass_inside", "iou", "localization_auc")


def scores(heat: Tensor, visible: Tensor | None = None, region: Tensor = REGION) -> tuple[float, ...]:
    return tuple(ask(key, heat, region=region, visible=visible).value for key in KEYS)


def test_the_region_itself_is_perfect_and_the_rest_is_nothing() -> None:
    assert scores(REGION.float()) == (1, 1, 1, 1)
    assert scores((~REGION).float())[:2] == (0, 0)
    assert scores((~REGION).float())[3] == 0


def test_a_square_half_beside_the_region() -> None:
    """It shares 8 of 16 pixels; of 16 and 84 pixels, pairs are won (8/16)(76/84), half of the tied ones count."""
    moved = square(10, 2, 4, 4).float()
    ties = 0.5 * 8 / 84 + 0.5 * 76 / 84
    auc = 0.5 * 76 / 84 + ties / 2
    assert scores(moved) == pytest.approx((0.5, 0.5, 8 / 24, auc))


def test_evidence_against_is_no_evidence() -> None:
    heat = REGION.float()
    heat[9] = -100
    assert scores(heat) == (1, 1, 1, 1)
    assert math.isnan(ask("mass_inside", -REGION.float(), region=REGION).value)


def test_one_pixel_points() -> None:
    heat = REGION.float()
    heat[9, 9] = 2
    assert scores(heat)[:2] == (0, pytest.approx(16 / 18))


def test_auc_is_that_of_scikit_learn() -> None:
    rng = torch.Generator().manual_seed(0)
    heat = torch.randint(0, 5, (10, 10), generator=rng).float() + REGION
    wanted = roc_auc_score(REGION.flatten().numpy(), heat.flatten().numpy())
    assert ask("localization_auc", heat, region=REGION).value == pytest.approx(wanted)


def test_heat_out_of_sight_does_not_count() -> None:
    visible = square(10, 0, 0, 8)
    heat = REGION.float()
    heat[9] = 5
    assert scores(heat, visible) == (1, 1, 1, 1)


def test_a_region_out_of_sight_or_everywhere_has_no_auc() -> None:
    heat, nothing = torch.rand(10, 10), torch.zeros(10, 10, dtype=torch.bool)
    assert math.isnan(ask("localization_auc", heat, region=nothing).value)
    assert math.isnan(ask("localization_auc", heat, region=~nothing).value)
    assert math.isnan(ask("iou", heat, region=nothing).value)
    assert scores(heat, region=nothing)[:2] == (0, 0)
