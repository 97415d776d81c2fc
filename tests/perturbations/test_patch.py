"""Round patches: where they lie, what a linear model gives way to, and what the control is made of."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.classifier import Classifier
from core.values import Direction, Floats, Goal, Mask
from perturbations import perturb, perturb_batch
from perturbations._disc import DiscParams, disc
from perturbations.patch import PatchParams
from perturbations.patch_natural import PatchNaturalParams
from tests.toys import Linear, linear_classifier, small_cnn_classifier

HIDE = Goal(0, "hide")
both_ways = pytest.mark.parametrize("direction", ["hide", "induce"])


def random_pixels(*shape: int) -> Floats:
    return np.random.default_rng(0).uniform(0, 1, shape).astype(np.float32)


def under(params: DiscParams, size: int) -> Mask:
    found: Mask = disc(params, size, size).numpy()
    return found


def best_patch(model: Classifier, clean: Floats, inside: Mask, direction: Direction) -> Floats:
    """The optimum of a linear model: black where the weight is against the goal, white where it is for it."""
    assert isinstance(model.network, Linear)
    up = model.network.weight[0].numpy() > 0
    return np.where(inside, up if direction == "induce" else ~up, clean).astype(np.float32)


@pytest.mark.parametrize(("size", "x", "y"), [(25, 70, 70), (50, 50, 50), (30, 20, 80)])
def test_the_disc_has_its_area_and_its_center(size: int, x: int, y: int) -> None:
    inside = under(DiscParams(size=size, x=x, y=y), 200)
    rows, columns = np.nonzero(inside)
    assert inside.mean() == pytest.approx(np.pi * (size / 200) ** 2, rel=0.02)
    assert rows.mean() + 0.5 == pytest.approx(y * 2, abs=0.5)
    assert columns.mean() + 0.5 == pytest.approx(x * 2, abs=0.5)
    assert np.ptp(rows) + 1 == pytest.approx(size * 2, abs=1)


@pytest.mark.parametrize(("x", "y", "pixel"), [(0, 0, (0, 0)), (100, 100, (7, 7)), (100, 0, (0, 7)), (50, 50, (4, 4))])
def test_the_smallest_disc_is_one_pixel_at_least(x: int, y: int, pixel: tuple[int, int]) -> None:
    inside = under(DiscParams(size=2, x=x, y=y), 8)
    assert inside[pixel]
    assert inside.sum() == 1


@both_ways
@pytest.mark.parametrize("channels", [1, 3])
def test_a_linear_model_gets_its_best_patch(direction: Direction, channels: int) -> None:
    model, clean, params = linear_classifier(channels), random_pixels(channels, 16, 16), PatchParams(size=40)
    result = perturb("patch", model, clean, Goal(0, direction), params)
    assert np.array_equal(result.perturbed, best_patch(model, clean, under(params, 16), direction))
    assert len(result.trajectory) == result.queries == params.steps + 1
    assert np.array_equal(result.trajectory[0].perturbed, clean)


def test_of_a_drawn_region_only_the_part_under_the_disc_changes() -> None:
    model, clean, params = linear_classifier(), random_pixels(1, 16, 16), PatchParams(size=40)
    region = np.zeros((16, 16), dtype=np.bool_)
    region[10:, :10] = True
    result = perturb("patch", model, clean, HIDE, params, region=region)
    assert np.array_equal(result.perturbed, best_patch(model, clean, under(params, 16) & region, "hide"))


def test_it_goes_further_than_any_patch_of_the_picture() -> None:
    model, batch = small_cnn_classifier(3), random_pixels(4, 3, 32, 32)

    def logits(key: str) -> Floats:
        return np.array([p.logits[0] for p in model.predict_batch(perturb_batch(key, model, batch, HIDE))])

    assert (logits("patch") < logits("patch_natural") - 0.05).all()


@pytest.mark.parametrize("seed", range(4))
def test_the_natural_patch_is_a_piece_of_the_picture_from_elsewhere(seed: int) -> None:
    clean = torch.arange(32 * 32, dtype=torch.float32).view(1, 32, 32).numpy() / 1024
    result = perturb("patch_natural", small_cnn_classifier(), clean, HIDE, seed=seed)
    inside = under(PatchNaturalParams(), 32)
    assert np.array_equal(result.perturbed[:, ~inside], clean[:, ~inside])
    shift = np.unique(np.rint((result.perturbed - clean)[0, inside] * 1024))
    assert len(shift) == 1
    taken = np.isin(clean[0], result.perturbed[0, inside])
    assert not (taken & inside).any()
    assert taken.sum() == inside.sum()
    other = perturb("patch_natural", small_cnn_classifier(), clean, HIDE, seed=seed + 1)
    assert not np.array_equal(other.perturbed, result.perturbed)


def test_where_there_is_no_room_the_natural_patch_comes_from_as_far_as_it_can() -> None:
    clean = torch.arange(32 * 32, dtype=torch.float32).view(1, 32, 32).numpy() / 1024
    params = PatchNaturalParams(size=60, x=50, y=50)
    result = perturb("patch_natural", small_cnn_classifier(), clean, HIDE, params)
    inside = under(params, 32)
    room = int(np.flatnonzero(inside.any(axis=1))[0])
    shift = round(float((result.perturbed - clean)[0, 16, 16]) * 1024)
    assert abs(shift) in {room * 32 + room, room * 32 - room}
    assert result.norms.changed == pytest.approx(inside.mean())
