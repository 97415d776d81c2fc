"""Files of changed pictures hold what they promise, say what they are, and name nobody."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from core.values import Case, Floats, Geometry
from evaluation.altered import as_dicom, as_npy, as_png, laid_over
from evaluation.words import NOTICE
from imaging.read import read_case
from tests.evaluation.results import perturbation

MARK = "ADVERSARIAL - not for clinical use"
RNG = np.random.default_rng(0)


def case_of(shape: tuple[int, int, int]) -> Case:
    pixels = RNG.random(shape, dtype=np.float32)
    modality = "cxr" if shape[2] == 1 else "dermoscopy"
    return Case("0" * 16, "INVENTED^JANE", modality, pixels, (0.25, 0.5), orientation=("L", "F"))


def made(channels: int = 1, size: int = 8, change: float = 2 / 255, method: str = "pgd"):  # type: ignore[no-untyped-def]
    clean = RNG.random((channels, size, size), dtype=np.float32) * 0.5 + 0.25
    return dataclasses.replace(perturbation(method), clean=clean, perturbed=(clean + change).astype(np.float32))


@pytest.mark.parametrize("channels", [1, 3])
def test_png_holds_the_picture_in_8_bits_and_the_mark(channels: int) -> None:
    changed = made(channels)
    picture = Image.open(io.BytesIO(as_png(changed, "toy")))
    levels = np.asarray(picture).reshape(8, 8, channels).transpose(2, 0, 1)
    assert np.array_equal(levels, np.rint(changed.perturbed * 255))
    assert picture.text["Title"] == MARK  # type: ignore[attr-defined]
    assert picture.text["Warning"] == NOTICE  # type: ignore[attr-defined]
    assert picture.text["Description"] == (  # type: ignore[attr-defined]
        "Projected gradient descent (epsilon 1.0, steps 20), seed 3, to hide a finding from toy"
    )


def test_npy_holds_the_very_numbers() -> None:
    changed = made()
    found = np.load(io.BytesIO(as_npy(changed)), allow_pickle=False)
    assert found.dtype == np.float32
    assert np.array_equal(found, changed.perturbed)


@pytest.mark.parametrize("channels", [1, 3])
def test_dicom_holds_the_case_at_its_size_with_the_change_and_the_mark(channels: int) -> None:
    case, changed = case_of((8, 8, channels)), made(channels)
    geometry = Geometry((8, 8), (0, 0, 8, 8), 8)
    data = as_dicom(changed, "toy", case, geometry)
    header = dcmread(io.BytesIO(data))
    assert list(header.ImageType) == ["DERIVED", "SECONDARY"]
    assert header.SeriesDescription == MARK
    assert header.ImageComments == f"{MARK}. {NOTICE}"
    assert header.DerivationDescription.startswith(f"{MARK}. Projected gradient descent")
    assert header.SOPClassUID.name == "Secondary Capture Image Storage"
    assert (list(header.PixelSpacing), list(header.PatientOrientation)) == ([0.25, 0.5], ["L", "F"])
    assert not header.PatientName
    assert not header.PatientID
    assert "PatientIdentityRemoved" not in header
    assert "BurnedInAnnotation" not in header
    assert b"INVENTED" not in data
    assert as_dicom(changed, "toy", case, geometry) == data
    wanted = np.rint((case.pixels + 2 / 255).clip(0, 1) * 255)
    read = read_case(data, modality=case.modality)
    assert np.abs(read.pixels * 255 - wanted).max() < 1e-3
    assert read.spacing_mm == case.spacing_mm


def test_an_accident_is_not_called_adversarial() -> None:
    picture = Image.open(io.BytesIO(as_png(made(method="exposure"), "toy")))
    assert picture.text["Title"] == "ALTERED - not for clinical use"  # type: ignore[attr-defined]


def test_the_change_lies_only_where_the_model_looks() -> None:
    case = case_of((12, 20, 1))
    laid = laid_over(case, made(change=0.1), Geometry((12, 20), (2, 4, 10, 12), 8))
    change = laid - case.pixels
    inside: Floats = np.zeros((12, 20, 1), dtype=np.float32)
    inside[2:10, 4:12] = 0.1
    assert np.allclose(change, np.minimum(inside, 1 - case.pixels), atol=1e-6)


def test_a_change_in_color_makes_a_gray_case_colored() -> None:
    assert laid_over(case_of((8, 8, 1)), made(3), Geometry((8, 8), (0, 0, 8, 8), 8)).shape == (8, 8, 3)
