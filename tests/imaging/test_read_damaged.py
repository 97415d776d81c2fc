"""Whatever the bytes, reading gives a case or an InputError, and nothing else."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from core.errors import InputError
from imaging.read import frame_count, read_case
from tests.imaging.tiny import dataset, dicom, item, lut, raster, written

GRAY = np.random.default_rng(0).integers(0, 4096, (64, 64)).astype(np.uint16)
RGB = np.random.default_rng(1).integers(0, 256, (16, 16, 3)).astype(np.uint8)
JPEG_HEADER = {
    "Rows": 16,
    "Columns": 16,
    "SamplesPerPixel": 3,
    "PlanarConfiguration": 0,
    "PhotometricInterpretation": "YBR_FULL_422",
    "BitsAllocated": 8,
    "BitsStored": 8,
    "HighBit": 7,
    "PixelRepresentation": 0,
}


def compressed(syntax: str) -> bytes:
    made = dataset(GRAY)
    made.compress(syntax)
    return written(made)


def palette() -> bytes:
    elements = {"PhotometricInterpretation": "PALETTE COLOR"}
    for color in ("Red", "Green", "Blue"):
        name = f"{color}PaletteColorLookupTable"
        elements[f"{name}Descriptor"] = [256, 0, 16]
        elements[f"Segmented{name}Data"] = np.array([0, 2, 0, 9, 1, 100, 65535, 2, 2, 0, 0], "<u2").tobytes()
    return dicom(RGB[..., 0], **elements)


def enhanced() -> bytes:
    groups = [item(FrameVOILUTSequence=[item(WindowCenter=100, WindowWidth=c)]) for c in (100, 200)]
    return dicom(
        GRAY[:8, :8],
        NumberOfFrames=2,
        PixelData=GRAY[:16, :8].tobytes(),
        PerFrameFunctionalGroupsSequence=groups,
        VOILUTSequence=[lut([3, 0, 16], [1, 2, 3])],
        ModalityLUTSequence=[lut([3, 0, 16], [1, 2, 3])],
    )


PLAIN = {
    "windowed": dicom(GRAY[:8, :8], WindowCenter=9, WindowWidth=99, RescaleSlope=2, RescaleIntercept=-3, Modality="CR"),
    "implicit": dicom(GRAY[:8, :8], syntax=ImplicitVRLittleEndian, PixelPaddingValue=3),
    "big endian": dicom(GRAY[:8, :8], syntax=ExplicitVRBigEndian),
    "deflated": dicom(GRAY[:8, :8], syntax=DeflatedExplicitVRLittleEndian),
    "palette": palette(),
    "enhanced": enhanced(),
    "png": raster(RGB),
    "png16": raster(Image.fromarray(GRAY[:16, :16])),
    "jpeg": raster(RGB, "JPEG"),
    "tiff": raster(RGB, "TIFF"),
    "tiff lzw": raster(RGB, "TIFF", compression="tiff_lzw"),
    "bmp": raster(RGB, "BMP"),
    "webp": raster(RGB, "WEBP"),
}
COMPRESSED = {
    "jpeg": dicom(encapsulate([raster(RGB, "JPEG")]), syntax=JPEGBaseline8Bit, **JPEG_HEADER),
    "jpeg 2000": compressed(JPEG2000Lossless),
    "jpeg-ls": compressed(JPEGLSLossless),
    "rle": compressed(RLELossless),
}


def case_or_input_error(data: bytes) -> None:
    with suppress(InputError):
        assert frame_count(data) >= 1
    with suppress(InputError):
        pixels = read_case(data).pixels
        assert np.isfinite(pixels).all()
        assert 0 <= pixels.min() <= pixels.max() <= 1


def damages(data: bytes) -> st.SearchStrategy[bytes]:
    """Truncated, with some bytes changed, or with a part cut out or repeated."""
    place = st.integers(0, len(data) - 1)

    def changed(changes: list[tuple[int, int]], end: int | None) -> bytes:
        made = bytearray(data)
        for at, value in changes:
            made[at] = value
        return bytes(made[:end])

    head = st.integers(0, min(600, len(data) - 1))
    flips = st.lists(st.tuples(place | head, st.integers(0, 255)), max_size=4)
    cut = st.tuples(place, place).map(lambda ends: data[: min(ends)] + data[max(ends) :])
    repeated = st.tuples(place, place).map(lambda ends: data[: max(ends)] + data[min(ends) :])
    return st.builds(changed, flips, st.none() | place) | cut | repeated


few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
fewer = settings(few, max_examples=12)


@few
@given(st.binary(max_size=400))
def test_arbitrary_bytes(data: bytes) -> None:
    case_or_input_error(data)


@few
@given(st.sampled_from([bytes(128) + b"DICM", b"\x08\x00\x05\x00", b"II*\x00", b"BM", b"\xff\xd8\xff"]), st.binary())
def test_arbitrary_bytes_after_a_known_start(start: bytes, rest: bytes) -> None:
    case_or_input_error(start + rest)


@pytest.mark.parametrize("name", PLAIN)
@few
@given(st.data())
def test_damaged_files(name: str, data: st.DataObject) -> None:
    case_or_input_error(data.draw(damages(PLAIN[name])))


@pytest.mark.parametrize("name", COMPRESSED)
@fewer
@given(st.data())
def test_damaged_compressed_files(name: str, data: st.DataObject) -> None:
    case_or_input_error(data.draw(damages(COMPRESSED[name])))


def test_the_undamaged_ones_are_read() -> None:
    for data in (*PLAIN.values(), *COMPRESSED.values()):
        read_case(data)


def test_damaged_lossless_jpeg_does_not_take_us_down(shared_data: Path) -> None:
    """GDCM aborts its process on some of these."""
    data = (shared_data / "dicom" / "colour_and_codec" / "pydicom_SC_rgb_jpeg_gdcm.dcm").read_bytes()
    start = data.index(b"\xff\xd8")
    rng = np.random.default_rng(0)
    for _ in range(10):
        made = bytearray(data)
        for at in rng.integers(start, start + 200, 3):
            made[at] = rng.integers(256)
        case_or_input_error(bytes(made))
    read_case(data)
