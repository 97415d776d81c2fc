"""Phantoms: deterministic, in range, and exact about where the finding is."""

from __future__ import annotations

import numpy as np
import pytest

from core.values import MODALITIES, Case, Modality
from imaging.phantoms import FINDING, phantom

REGIONS: dict[Modality, tuple[set[str], str]] = {
    "cxr": ({"lungs"}, "opacity"),
    "dermoscopy": ({"lesion"}, "lesion"),
    "fundus": ({"field of view", "disc"}, "lesions"),
}
SEEDS = range(6)
SIZE = 160


@pytest.fixture(params=MODALITIES)
def modality(request: pytest.FixtureRequest) -> Modality:
    return request.param


def drawn(modality: Modality, positive: bool, seed: int) -> Case:
    return phantom(modality, positive, seed, SIZE)


@pytest.mark.parametrize("positive", [False, True])
def test_pixels_truth_and_masks_have_the_promised_form(modality: Modality, positive: bool) -> None:
    case = drawn(modality, positive, 1)
    assert case.pixels.shape == (SIZE, SIZE, 1 if modality == "cxr" else 3)
    assert case.pixels.dtype == np.float32
    assert case.pixels.min() >= 0
    assert case.pixels.max() <= 1
    assert case.truth == {FINDING[modality]: positive}
    assert all(mask.shape == (SIZE, SIZE) and mask.dtype == np.bool_ for mask in case.regions.values())


def test_default_size_is_512(modality: Modality) -> None:
    assert phantom(modality, True, 0).pixels.shape[:2] == (512, 512)


def test_same_arguments_give_the_same_case_and_other_seeds_another(modality: Modality) -> None:
    first, again, other = drawn(modality, True, 4), drawn(modality, True, 4), drawn(modality, True, 5)
    assert first.id == again.id
    assert all(np.array_equal(mask, again.regions[name]) for name, mask in first.regions.items())
    assert first.id != other.id


def test_regions_are_named_after_anatomy_and_finding(modality: Modality) -> None:
    anatomy, finding = REGIONS[modality]
    assert set(drawn(modality, False, 2).regions) == anatomy
    assert set(drawn(modality, True, 2).regions) == anatomy | {finding}


def test_every_mask_is_neither_empty_nor_the_whole_picture(modality: Modality) -> None:
    for seed in SEEDS:
        for positive in (False, True):
            for name, mask in drawn(modality, positive, seed).regions.items():
                assert 0.001 < mask.mean() < 0.9, (seed, positive, name)


@pytest.mark.parametrize("paired", ["cxr", "fundus"])
def test_finding_is_the_only_difference_between_negative_and_positive(paired: Modality) -> None:
    for seed in SEEDS:
        without, with_finding = drawn(paired, False, seed), drawn(paired, True, seed)
        changed = np.abs(with_finding.pixels - without.pixels).max(axis=2)
        mask = with_finding.regions[REGIONS[paired][1]]
        assert changed[~mask].max() == 0
        assert np.mean(changed[mask] > 1 / 255) > 0.9
        assert changed[mask].mean() > 0.05


def test_findings_lie_in_their_organ() -> None:
    for seed in SEEDS:
        chest, eye = drawn("cxr", True, seed), drawn("fundus", True, seed)
        assert not (chest.regions["opacity"] & ~chest.regions["lungs"]).any()
        assert not (eye.regions["lesions"] & (~eye.regions["field of view"] | eye.regions["disc"])).any()


def test_surround_of_a_fundus_is_black() -> None:
    eye = drawn("fundus", False, 3)
    assert eye.pixels[0, 0].max() == 0
    assert eye.pixels[eye.regions["field of view"]].mean() > 0.2


def test_mole_is_darker_than_the_skin_round_it_and_melanoma_has_more_colors() -> None:
    spread = {False: [], True: []}
    for seed in SEEDS:
        for positive in (False, True):
            mole = drawn("dermoscopy", positive, seed)
            lesion = mole.regions["lesion"]
            center = np.s_[SIZE // 5 : -SIZE // 5]
            skin = mole.pixels[center, center][~lesion[center, center]]
            assert mole.pixels[lesion].mean() < skin.mean() - 0.05
            spread[positive].append(mole.pixels[lesion].std(axis=0).mean())
    assert np.mean(spread[True]) > 1.5 * np.mean(spread[False])
