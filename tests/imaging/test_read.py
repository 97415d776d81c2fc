"""The door: what it takes for what, what it keeps, and what it refuses."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from pydicom import Dataset

from core.errors import InputError, LimitExceeded, UnreadableImage
from core.values import content_id
from imaging import limits
from imaging.modality import guess
from imaging.read import frame_count, read_case
from tests.imaging.tiny import dataset, dicom, item, raster, written

MARKER = "ZZMARKERZZ"
GRAY = np.tile(np.arange(64, dtype=np.uint8), (64, 1)) * 4


def picture(red: int, green: int, blue: int, *, disc: bool = False) -> np.ndarray:
    """(96, 128, 3) of one color, or a disc of it on black."""
    y, x = np.mgrid[:96, :128]
    inside = np.hypot(y - 47.5, x - 63.5) < 46 if disc else np.ones((96, 128), dtype=bool)
    return (inside[..., None] * np.array([red, green, blue])).astype(np.uint8)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF", "BMP", "WEBP"])
def test_type_is_told_from_the_bytes(format: str) -> None:
    options = {"lossless": True} if format == "WEBP" else {"quality": 100} if format == "JPEG" else {}
    case = read_case(raster(GRAY, format, **options))
    assert case.source == {"format": format, "rows x columns": "64 x 64"}
    assert case.pixels.shape == (64, 64, 1)
    assert case.pixels.dtype == np.float32
    assert 255 * case.pixels[..., 0] == pytest.approx(GRAY, abs=2 if format == "JPEG" else 1e-4)
    assert frame_count(raster(GRAY, format)) == 1


def test_name_and_identity_come_from_the_content() -> None:
    first, again, other = (read_case(raster(pixels)) for pixels in (GRAY, GRAY, 255 - GRAY))
    assert first.id == again.id == content_id(first.pixels) != other.id
    assert first.name == f"Uploaded chest X-ray {first.id[:6]}"


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.dcm", b"x")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is empty"),
        (b"%PDF-1.7 something", "a PDF document"),
        (zipped(), "a ZIP archive"),
        (gzip.compress(b"x", mtime=0), "a gzip archive"),
        (b"GIF89a\x01\x00\x01\x00", "a GIF"),
        (b"  <svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
        (b"<?xml version='1.0'?><svg/>", "an XML document"),
        (b"\xef\xbb\xbf<!DOCTYPE html><html></html>", "a web page"),
        (b"<html><body>", "a web page"),
        (b"Dear colleague,\nplease find attached", "none of a picture"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "none of a picture"),
        (bytes(1000), "none of a picture"),
        (b"\x00", "none of a picture"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, said: str) -> None:
    for read in (read_case, frame_count):
        with pytest.raises(UnreadableImage) as caught:
            read(data)
        assert said in caught.value.why
        assert "DICOM, PNG, JPEG, TIFF, BMP or WebP" in caught.value.remedy


def test_one_channel_where_all_are_equal() -> None:
    rgb = np.repeat(GRAY[..., None], 3, axis=2)
    assert read_case(raster(rgb)).pixels.shape == (64, 64, 1)
    assert read_case(raster(rgb)).id == read_case(raster(GRAY)).id
    nearly = rgb.copy()
    nearly[0, 0] = (100, 102, 101)
    assert read_case(raster(nearly)).pixels.shape == (64, 64, 1)
    nearly[0, 0] = (100, 110, 100)
    assert read_case(raster(nearly), modality="dermoscopy").pixels.shape == (64, 64, 3)


def test_a_chest_film_is_gray_even_with_a_colored_mark() -> None:
    rgb = np.repeat(GRAY[..., None], 3, axis=2)
    rgb[:3, :3] = (255, 0, 0)
    case = read_case(raster(rgb))
    assert case.modality == "cxr"
    assert case.pixels.shape == (64, 64, 1)
    assert any("colors were dropped" in note for note in case.notes)


def test_the_caller_knows_better() -> None:
    data = dicom(GRAY, Modality="CR")
    assert read_case(data).modality == "cxr"
    assert read_case(data, modality="fundus").modality == "fundus"
    assert not any("guessed" in note for note in read_case(data, modality="fundus").notes)


@pytest.mark.parametrize(
    ("pixels", "modality"),
    [
        (picture(128, 128, 128), "cxr"),
        (picture(200, 110, 50, disc=True), "fundus"),
        (picture(200, 110, 50), "fundus"),
        (picture(190, 140, 120), "dermoscopy"),
        (picture(200, 170, 180, disc=True), "dermoscopy"),
        (picture(0, 0, 0), "cxr"),
        (picture(0, 0, 200), "dermoscopy"),
    ],
)
def test_guess_from_the_pixels(pixels: np.ndarray, modality: str) -> None:
    assert guess(pixels.astype(np.float32) / 255) == modality


def test_guess_on_real_pictures(shared_data: Path) -> None:
    """Nine of ten of the blurred, partly colorless screening pictures from outside, 19 of 20 elsewhere."""
    for folder, modality in (("cxr", "cxr"), ("dermoscopy", "dermoscopy"), ("fundus", "fundus")):
        for source in (folder, f"external/{folder}"):
            paths = sorted((shared_data / source / "images").glob("*.jpg"))[::25]
            right = [read_case(path.read_bytes()).modality == modality for path in paths]
            assert np.mean(right) >= (0.9 if source == "external/fundus" else 0.95), source


def test_small_pictures_are_read_and_noted() -> None:
    case = read_case(raster(np.zeros((1, 1), dtype=np.uint8)))
    assert case.pixels.shape == (1, 1, 1)
    assert any("too small" in note for note in case.notes)


def test_limits_are_checked_at_the_header() -> None:
    size = b"IHDR" + (30_000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    bomb = b"\x89PNG\r\n\x1a\n\x00\x00\x00\r" + size + zlib.crc32(size).to_bytes(4, "big") + bytes(4) + b"IDAT"
    with pytest.raises(LimitExceeded):
        read_case(bomb)
    with pytest.raises(LimitExceeded):
        read_case(raster(GRAY) + bytes(limits.MAX_BYTES))
    wide = Image.new("1", (9_000, 5_000))
    with pytest.raises(LimitExceeded, match="5000 x 9000 pixels"):
        read_case(raster(wide))


# --- privacy --------------------------------------------------------------------------------------------------------


def everything(value: Any) -> str:
    """All that a value says, however deep."""
    if isinstance(value, Mapping):
        return "".join(everything(part) for pair in value.items() for part in pair)
    if isinstance(value, (tuple, list)):
        return "".join(map(everything, value))
    return str(value)


def said(data: bytes) -> str:
    """All that reading a file says: every field of the case, or the refusal with its causes."""
    try:
        case = read_case(data)
    except InputError as error:
        return repr(error) + str(error) + repr(error.__cause__) + ("" if error.__suppress_context__ else "context")
    return repr(case) + everything([getattr(case, part.name) for part in fields(case)])


TEXT_KEYWORDS = (
    "PatientName PatientID PatientAddress PatientComments OtherPatientIDs InstitutionName InstitutionAddress "
    "ReferringPhysicianName PerformingPhysicianName OperatorsName StudyDescription SeriesDescription StationName "
    "AccessionNumber StudyID DeviceSerialNumber ProtocolName ImageComments RequestedProcedureDescription "
    "ManufacturerModelName SpecificCharacterSet"
)
KEPT_TEXT = (
    "Modality BodyPartExamined ViewPosition Laterality ImageLaterality BurnedInAnnotation VOILUTFunction "
    "PresentationLUTShape RescaleType PatientOrientation"
)


def identified() -> Dataset:
    """A data set with the marker wherever a name could stand."""
    made = dataset(GRAY)
    for keyword in f"{TEXT_KEYWORDS} {KEPT_TEXT}".split():
        setattr(made, keyword, MARKER)
    made.SpecificCharacterSet = "ISO_IR 100"
    made.ReferencedPatientSequence = [item(PatientName=MARKER)]
    made.WindowCenterWidthExplanation = MARKER
    block = made.private_block(0x0011, MARKER, create=True)
    block.add_new(1, "LO", MARKER)
    for group in (0x6000, 0x6002):
        made.add_new((group, 0x0022), "LO", MARKER)
        made.add_new((group, 0x3000), "OW", MARKER.encode())
    made.IconImageSequence = [item(PatientName=MARKER, Rows=1)]
    return made


def test_nothing_that_identifies_leaves_a_dicom_file() -> None:
    data = written(identified())
    assert data.count(MARKER.encode()) > 30
    assert MARKER not in said(data).upper()
    assert read_case(data).source == {
        "format": "DICOM",
        "photometric interpretation": "MONOCHROME2",
        "bits stored": "8",
        "rows x columns": "64 x 64",
        "transfer syntax": "Explicit VR Little Endian",
    }


def test_nothing_that_identifies_is_in_a_refusal() -> None:
    for elements in ({"PhotometricInterpretation": MARKER}, {"Rows": None}, {"PixelData": None}, {"PixelData": b"ab"}):
        made = identified()
        for keyword, value in elements.items():
            del made[keyword]
            if value is not None:
                setattr(made, keyword, value)
        if "PixelData" in made:
            made["PixelData"].VR = "OB"
        text = said(written(made))
        assert "UnreadableImage" in text
        assert MARKER not in text


def test_burned_in_text_is_a_note() -> None:
    notes = read_case(dicom(GRAY, BurnedInAnnotation="YES")).notes
    assert any("burned into the picture" in note for note in notes)


def test_listed_fields_are_kept() -> None:
    data = dicom(GRAY, Modality="DX", BodyPartExamined="CHEST", ViewPosition="PA", ImageLaterality="L")
    wanted = {"modality": "DX", "body part": "CHEST", "view": "PA", "laterality": "L"}
    assert wanted.items() <= read_case(data).source.items()


def test_nothing_that_identifies_leaves_a_picture_file() -> None:
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = MARKER
    text = PngImagePlugin.PngInfo()
    text.add_text("Patient", MARKER)
    files = [
        raster(GRAY, "PNG", pnginfo=text, exif=exif),
        raster(GRAY, "JPEG", exif=exif, comment=MARKER),
        raster(GRAY, "TIFF", tiffinfo={270: MARKER, 315: MARKER}),
        raster(GRAY, "WEBP", exif=exif, xmp=MARKER.encode()),
    ]
    for data in files:
        assert MARKER.encode() in data
        assert MARKER not in said(data)
        assert MARKER not in said(data[: len(data) - 40])
