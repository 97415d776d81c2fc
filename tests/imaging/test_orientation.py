"""Which way the patient lies: the letters of the header, and nothing else that stands there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from imaging.bundled import bundled_cases, load_bundled
from imaging.projection import ORIENTATION
from imaging.read import read_case
from tests.imaging.tiny import dicom, item, raster

GRAY = np.array([[0, 50], [100, 150]], dtype=np.uint8)
AXIAL = [1, 0, 0, 0, 1, 0]


@pytest.mark.parametrize(
    ("elements", "orientation"),
    [
        ({"PatientOrientation": ["L", "F"]}, ("L", "F")),
        ({"PatientOrientation": ["A", "FR"]}, ("A", "FR")),
        ({"PatientOrientation": ["LPH", "FA"]}, ("LPH", "FA")),
        ({"PatientOrientation": ["L", "F"], "ImageOrientationPatient": AXIAL}, ("L", "F")),
        ({"ImageOrientationPatient": AXIAL}, ("L", "P")),
        ({"ImageOrientationPatient": [0, 1, 0, 0, 0, -1]}, ("P", "F")),
        ({"ImageOrientationPatient": [-0.995, 0.1, 0, 0, 0.1, -0.995]}, ("R", "F")),
        ({"PatientOrientation": "", "ImageOrientationPatient": AXIAL}, ("L", "P")),
        (
            {"SharedFunctionalGroupsSequence": [item(PlaneOrientationSequence=[item(ImageOrientationPatient=AXIAL)])]},
            ("L", "P"),
        ),
    ],
)
def test_directions_of_rows_and_columns(elements: dict[str, Any], orientation: tuple[str, str]) -> None:
    assert read_case(dicom(GRAY, **elements)).orientation == orientation


@pytest.mark.parametrize(
    "elements",
    [
        {},
        {"PatientOrientation": "L"},
        {"PatientOrientation": ["L", "F", "A"]},
        {"PatientOrientation": ["L", ""]},
        {"PatientOrientation": ["DOE", "JANE"]},
        {"PatientOrientation": ["L", "R"]},  # both along one line
        {"PatientOrientation": ["LR", "F"]},
        {"PatientOrientation": ["RALPH", "F"]},
        {"PatientOrientation": ["DOE", "JANE"], "ImageOrientationPatient": AXIAL},
        {"ImageOrientationPatient": [0.8, 0.6, 0, 0, 0, -1]},  # oblique
        {"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]},
        {"ImageOrientationPatient": [1, 1, 0, 0, 0, 0]},
        {"ImageOrientationPatient": [9, 0, 0, 0, 9, 0]},
        {"ImageOrientationPatient": [1, 0, 0]},
    ],
)
def test_anything_else_is_no_orientation(elements: dict[str, Any]) -> None:
    assert read_case(dicom(GRAY, **elements)).orientation is None


def test_other_pictures_have_none() -> None:
    assert read_case(raster(GRAY)).orientation is None


def test_projections_are_shown_as_they_were_computed_and_other_bundled_pictures_claim_nothing() -> None:
    found = {entry.key: load_bundled(entry.key).orientation for entry in bundled_cases()}
    known = [entry.key for entry in bundled_cases() if entry.kind == "projection"]
    assert found == {key: ORIENTATION if key in known else None for key in found}
