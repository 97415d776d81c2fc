"""CT -> film: orientation, spacing and the refusal of files it would misread."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from core.errors import UnreadableImage
from imaging.projection import chest_film, read_nifti

SPACING = (2.0, 2.0, 4.0)


def torso() -> np.ndarray:
    """(left, front, head) in HU: a box of water with two lungs, and a bone high up on the patient's left."""
    volume = np.full((80, 50, 40), -1000, dtype=np.float32)
    volume[8:72, 8:42, :] = 0
    volume[14:34, 16:34, 10:36] = -850
    volume[46:66, 16:34, 10:36] = -850
    volume[60:64, 8:42, 24:34] = 1000
    return volume


def nifti(volume: np.ndarray, datatype: int = 4, flip: float = -1.0) -> bytes:
    header = bytearray(352)
    header[40:48] = struct.pack("<4h", 3, *volume.shape)
    header[70:72] = struct.pack("<h", datatype)
    header[80:92] = struct.pack("<3f", *SPACING)
    header[108:120] = struct.pack("<3f", 352, 1, -1024)
    header[280:328] = struct.pack("<12f", flip * SPACING[0], 0, 0, 5, 0, SPACING[1], 0, 5, 0, 0, SPACING[2], 5)
    header[344:348] = b"n+1\0"
    return gzip.compress(bytes(header) + (volume + 1024).astype("<i2").tobytes(order="F"))


def test_nifti_gives_hounsfield_units_and_spacing(tmp_path: Path) -> None:
    path = tmp_path / "ct.nii.gz"
    path.write_bytes(nifti(torso()))
    hounsfield, spacing = read_nifti(path)
    assert spacing == SPACING
    assert np.array_equal(hounsfield, torso())


@pytest.mark.parametrize("damage", [{"datatype": 16}, {"flip": 1.0}])
def test_other_data_types_and_orientations_are_refused(tmp_path: Path, damage: dict[str, float]) -> None:
    path = tmp_path / "ct.nii.gz"
    path.write_bytes(nifti(torso(), **damage))
    with pytest.raises(UnreadableImage, match=r"ct\.nii\.gz"):
        read_nifti(path)


def test_film_has_the_head_up_and_the_patients_left_on_the_right() -> None:
    film, lungs = chest_film(torso(), SPACING, turn=0, pixel_mm=2.0)
    assert film.shape == lungs.shape
    assert film.shape[1] == 80
    bone_rows, lung_rows = slice(14, 30), slice(34, 56)
    assert film[bone_rows, 61:63].mean() > film[bone_rows, 17:19].mean() + 0.1
    assert film[lung_rows, 22:26].mean() < film[lung_rows, 39:41].mean() - 0.2
    assert lungs[45, 24]
    assert not lungs[45, 40]
    assert film[:, :3].max() < 1e-6


def test_film_ends_below_the_lungs() -> None:
    film, lungs = chest_film(torso(), SPACING, turn=0, pixel_mm=2.0)
    assert 10 <= len(film) - np.flatnonzero(lungs.any(axis=1)).max() <= 20
