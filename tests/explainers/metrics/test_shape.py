"""Sparseness and similarity to edges of maps whose values are known."""

from __future__ import annotations

import math

import pytest
import torch

from tests.explainers.metrics.asking import ask, square


def test_sparseness_of_maps_known_by_hand() -> None:
    one = torch.zeros(10, 10)
    one[3, 4] = -7
    assert ask("sparseness", one).value == pytest.approx(0.99)  # 1 - 1/n
    assert ask("sparseness", torch.ones(10, 10)).value == pytest.approx(0, abs=1e-9)
    half = torch.zeros(10, 10)
    half[:5] = 3
    assert ask("sparseness", half).value == pytest.approx(0.5)
    assert ask("sparseness", torch.tensor([[1.0, 2.0], [3.0, 4.0]])).value == pytest.approx(0.25)
    assert ask("sparseness", torch.tensor([[1.0, -2.0], [3.0, -4.0]]) * 1e-3).value == pytest.approx(0.25)


def test_sparseness_counts_visible_pixels_only() -> None:
    heat = torch.zeros(10, 10)
    heat[:5] = 3
    visible = square(10, 0, 0, 5)
    assert ask("sparseness", heat, visible=visible).value == pytest.approx(0, abs=1e-9)


def test_an_edge_map_is_like_edges_and_noise_is_not() -> None:
    x = torch.zeros(1, 1, 32, 32)
    x[..., 8:24, 8:24] = 1
    edges = torch.zeros(32, 32)
    edges[7:25, 7:25] = 1
    edges[9:23, 9:23] = 0
    assert ask("edge_similarity", -edges, x=x).value > 0.99
    noise = torch.rand(32, 32, generator=torch.Generator().manual_seed(0))
    assert ask("edge_similarity", noise, x=x).value == pytest.approx(0, abs=0.1)
    assert ask("edge_similarity", 1 - edges, x=x).value < -0.99


def test_edges_of_the_slope_by_hand() -> None:
    """The brightness is a parabola, so its slope grows to the right, and so does the map."""
    x = ((torch.arange(16) / 16) ** 2).expand(1, 3, 16, 16)
    visible = square(16, 1, 1, 14)  # at the border the slope is halved
    heat = torch.arange(16.0).expand(16, 16)
    assert ask("edge_similarity", heat, x=x, visible=visible).value == pytest.approx(1)
    assert ask("edge_similarity", heat.flip(1), x=x, visible=visible).value == pytest.approx(-1)


def test_an_even_picture_has_no_edges() -> None:
    assert math.isnan(ask("edge_similarity", torch.rand(16, 16), x=torch.full((1, 1, 16, 16), 0.5)).value)
