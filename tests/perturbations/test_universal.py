"""One change for all pictures, chosen by the goal and scaled to epsilon."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from core.errors import Unsupported
from core.values import Direction, Goal
from perturbations import perturb, perturb_batch
from perturbations.universal import UniversalParams
from tests.toys import linear_classifier

CHANGES = np.random.default_rng(1).uniform(-1, 1, (2, 1, 16, 16)).astype(np.float32)
MODEL = dataclasses.replace(linear_classifier(), universal=lambda: CHANGES)


@pytest.mark.parametrize(("direction", "index"), [("hide", 0), ("induce", 1)])
def test_every_picture_gets_the_same_change(direction: Direction, index: int) -> None:
    batch = np.random.default_rng(0).uniform(0.1, 0.9, (3, 1, 16, 16)).astype(np.float32)
    found = perturb_batch("universal", MODEL, batch, Goal(0, direction), UniversalParams(epsilon=5))
    np.testing.assert_allclose(found - batch, np.broadcast_to(5 / 255 * CHANGES[index], batch.shape), atol=1e-6)
    assert perturb("universal", MODEL, batch[0], Goal(0, direction)).queries == 0


def test_it_stays_within_black_and_white() -> None:
    white = np.ones((1, 16, 16), dtype=np.float32)
    found = perturb("universal", MODEL, white, Goal(0, "induce"), UniversalParams(epsilon=5)).perturbed
    np.testing.assert_allclose(found, np.minimum(1, 1 + 5 / 255 * CHANGES[1]), atol=1e-6)


def test_a_model_without_one_is_refused() -> None:
    with pytest.raises(Unsupported, match="needs a universal change"):
        perturb("universal", linear_classifier(), CHANGES[0] * 0 + 0.5, Goal(0, "hide"))
