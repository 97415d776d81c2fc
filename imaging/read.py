"""The door: bytes of a file -> a de-identified Case. What it is, is told from the bytes, never from a name."""

from __future__ import annotations

import threading
import warnings
from itertools import combinations

import numpy as np

from core.errors import UnreadableImage
from core.values import MODALITIES, Case, Floats, Modality, content_id
from imaging import raster
from imaging.geometry import recolored
from imaging.limits import check_bytes
from imaging.modality import contradicted, guess

_GRAY = 2 / 255 + 1e-6  # channels that differ by no more are one
_SMALL = 64

_OTHERS = {
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive (or an office document)",
    b"\x1f\x8b": "a gzip archive",
    b"GIF8": "a GIF",
    b"\x00\x00\x00\x0cjP  ": "a JPEG 2000 picture",
    b"\xff\x4f\xff\x51": "a JPEG 2000 picture",
    b"NRRD": "an NRRD volume",
    b"8BPS": "a Photoshop document",
    b"<svg": "an SVG drawing",
    b"<?xml": "an XML document",
    b"<!doctype html": "a web page",
    b"<html": "a web page",
}
_one_at_a_time = threading.Lock()  # bounds memory, and what is said of warnings holds for the whole process


def read_case(data: bytes, *, frame: int = 0, modality: Modality | None = None) -> Case:
    """The picture in a DICOM, PNG, JPEG, TIFF, BMP or WebP file as a Case.

    frame: which one of a multi-frame file, from 0; modality: what it shows, where the caller knows better than
    header and colors. A chest X-ray has one channel; so has any picture whose channels are equal.
    Raises InputError: UnreadableImage, UndecodablePixels or LimitExceeded where the file is at fault.
    """
    from imaging import dicom  # a fifth of a second that only a file needs

    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        picture = (dicom.read if _is_dicom(data) else raster.read)(data, frame)
    shown: Modality = modality or picture.modality or guess(picture.pixels)
    colored = _spread(picture.pixels) > _GRAY
    pixels = _in_its_channels(picture.pixels, shown, colored)
    source, notes = dict(picture.source), list(picture.notes)
    if modality is None and picture.modality is None:
        notes.append(f"Kind guessed from its colors: {MODALITIES[shown]}. Choose another if that is wrong.")
    if colored and shown == "cxr":
        notes.append("Its colors were dropped: a chest X-ray is gray.")
        if looks := contradicted(picture.pixels, shown):
            source["looks like"] = looks
    if picture.spacing_mm and not np.isclose(*picture.spacing_mm, rtol=0.01):
        notes.append("Its pixels are not square: {:g} mm high, {:g} mm wide.".format(*picture.spacing_mm))
    if min(pixels.shape[:2]) < _SMALL:
        notes.append(f"Only {pixels.shape[0]} x {pixels.shape[1]} pixels: too small to be judged by a classifier.")
    identity, name = content_id(pixels), MODALITIES[shown]
    return Case(
        id=identity,
        name=f"Uploaded {name[0].lower()}{name[1:]} {identity[:6]}",
        modality=shown,
        pixels=pixels,
        spacing_mm=picture.spacing_mm,
        source=source,
        notes=tuple(notes),
        grays=picture.grays,
        orientation=picture.orientation,
    )


def frame_count(data: bytes) -> int:
    """How many pictures are in the file: frames of a DICOM file, pages of a TIFF, else 1. Raises InputError."""
    from imaging import dicom

    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return (dicom.frame_count if _is_dicom(data) else raster.frame_count)(data)


def _is_dicom(data: bytes) -> bool:
    """Whether DICOM rather than one of the raster formats; raises UnreadableImage for anything else."""
    from imaging import dicom

    check_bytes(len(data))
    if dicom.is_dicom(data):
        return True
    if raster.format_of(data):
        return False
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    looks = next((name for magic, name in _OTHERS.items() if start.startswith(magic.lower())), None)
    raise UnreadableImage(
        "This file",
        "it is empty"
        if not data
        else f"it is {looks}"
        if looks
        else "its bytes are none of a picture that can be read",
        "Choose a DICOM, PNG, JPEG, TIFF, BMP or WebP file.",
    )


def _spread(pixels: Floats) -> float:
    """The largest difference between two channels of a pixel."""
    planes = np.moveaxis(pixels, 2, 0)
    return max((float(np.abs(one - other).max()) for one, other in combinations(planes, 2)), default=0.0)


def _in_its_channels(pixels: Floats, modality: Modality, colored: bool) -> Floats:
    """(H, W, 1) for a chest X-ray and for equal channels, else (H, W, 3)."""
    if not colored:
        green = pixels.shape[2] // 2
        return np.ascontiguousarray(pixels[..., green : green + 1])
    return np.ascontiguousarray(recolored(pixels, 1) if modality == "cxr" else pixels)
