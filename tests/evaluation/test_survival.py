"""What saving leaves of a change, on models whose answer is known."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from core.classifier import Classifier
from core.values import Case, Floats, Geometry, Goal, InputSpec, Norms, Perturbation, Reached, Saved
from evaluation.session import fitted
from evaluation.survival import WAYS, survival
from tests.toys import Linear, classifier

SIZE = 16
LEVEL = 1 / 255
SAVED_IN_8_BITS = {"eight_bit", "png", "jpeg_95", "jpeg_75", "dicom"}


def one_pixel_model(channels: int = 1, gain: float = 1e4) -> Classifier:
    """It flags a picture whose pixel (8, 8) is brighter than a third of a gray level above 100."""
    weight = torch.zeros(1, channels, SIZE, SIZE)
    weight[0, 0, 8, 8] = gain
    network = Linear(weight)
    with torch.no_grad():
        network.bias.fill_(-gain * (100 + 1 / 3) * LEVEL)
    return classifier(network, network.features, channels, SIZE, 1)


def flat_case(channels: int = 1, size: int = SIZE) -> Case:
    pixels = np.full((size, size, channels), 100 * LEVEL, dtype=np.float32)
    return Case("0" * 16, "case", "cxr" if channels == 1 else "dermoscopy", pixels)


def changed(clean: Floats, perturbed: Floats) -> Perturbation:
    return Perturbation(
        method="pgd",
        params={"epsilon": 1.0},
        goal=Goal(0, "induce"),
        seed=0,
        clean=clean,
        perturbed=perturbed.astype(np.float32),
        norms=Norms(0.0, 0.0, 0.0, 1.0),
        reached=Reached(True, Saved(False, False)),
        queries=1,
        seconds=0.0,
    )


def reached(model: Classifier, case: Case, perturbed: Any) -> set[str]:
    fit = fitted(case, model.card)
    found = survival(model, changed(fit.pixels, perturbed(fit.pixels)), case, fit.geometry)
    assert [each.way for each in found] == list(WAYS)
    assert not any(each.clean.positive[0] for each in found)
    assert all(each.reached == bool(each.perturbed.positive[0]) for each in found)
    return {each.way for each in found if each.reached}


def brighter(levels: float, where: Any = np.s_[:, 8, 8]) -> Any:
    def change(clean: Floats) -> Floats:
        made = clean.copy()
        made[where] += levels * LEVEL
        return made

    return change


@pytest.mark.parametrize("channels", [1, 3])
def test_a_change_of_under_half_a_level_is_lost_wherever_8_bits_are_kept(channels: int) -> None:
    model, case = one_pixel_model(channels), flat_case(channels)
    assert reached(model, case, brighter(0.45)) == set(WAYS) - SAVED_IN_8_BITS


def test_a_change_of_more_than_half_a_level_survives_what_is_lossless() -> None:
    assert {"float", "eight_bit", "png", "native_size", "dicom"} <= reached(
        one_pixel_model(), flat_case(), brighter(0.6)
    )


def test_a_single_pixel_is_smoothed_away_by_jpeg_and_an_even_change_is_not() -> None:
    model, case = one_pixel_model(), flat_case()
    assert reached(model, case, brighter(1.0)).isdisjoint({"jpeg_95", "jpeg_75"})
    assert reached(model, case, brighter(8.0, np.s_[:])) == set(WAYS)


def test_a_single_pixel_is_smoothed_by_the_way_through_another_size() -> None:
    """Bilinear interpolation keeps 9/16 of a lone pixel in the middle of an enlarged picture of odd factor 3."""
    model, case = one_pixel_model(), flat_case(size=3 * SIZE)
    assert reached(model, case, brighter(0.45)) == {"float"}
    assert "native_size" in reached(model, case, brighter(1.0))
    assert "dicom" in reached(model, case, brighter(8.0, np.s_[:]))


def test_files_are_read_as_an_upload_is_and_fitted_to_the_model_again() -> None:
    """A model that crops to the field of view gets the crop back from the picture of the whole case."""
    spec = InputSpec(modality="fundus", channels=3, size=SIZE, fit="fov")
    model = one_pixel_model(3)
    model = dataclasses.replace(model, card=dataclasses.replace(model.card, input=spec))
    pixels = np.zeros((64, 96, 3), dtype=np.float32)
    pixels[8:56, 24:72] = 100 * LEVEL
    case = Case("0" * 16, "case", "fundus", pixels)
    fit = fitted(case, model.card)
    assert fit.geometry == Geometry((64, 96), (8, 24, 56, 72), SIZE)
    found = survival(model, changed(fit.pixels, brighter(8.0, np.s_[:])(fit.pixels)), case, fit.geometry)
    logits = {each.way: (float(each.clean.logits[0]), float(each.perturbed.logits[0])) for each in found}
    assert logits["png"] == logits["dicom"] == logits["native_size"] == pytest.approx(logits["float"], abs=1)
    assert all(each.reached for each in found)
