"""Colors of DICOM on pixels that are worked out by hand: RGB, YBR, palettes, compressed frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSLossless,
    RLELossless,
)

from imaging.read import read_case
from tests.imaging.tiny import dataset, dicom, raster, written

RGB = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [10, 100, 200]]], dtype=np.uint8)
EIGHT_BIT = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelRepresentation": 0}


def levels(data: bytes, frame: int = 0) -> np.ndarray:
    """(H, W, 3) pixels times 255."""
    pixels = read_case(data, frame=frame, modality="dermoscopy").pixels
    assert pixels.dtype == np.float32
    return 255 * pixels


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_rgb_by_pixel_and_by_plane(syntax: str) -> None:
    assert levels(dicom(RGB, syntax=syntax)) == pytest.approx(RGB, abs=1e-4)
    planes = np.ascontiguousarray(RGB.transpose(2, 0, 1)).tobytes()
    assert levels(dicom(RGB, syntax=syntax, PixelData=planes, PlanarConfiguration=1)) == pytest.approx(RGB, abs=1e-4)


def test_rgb_of_sixteen_bits() -> None:
    assert levels(dicom(RGB.astype(np.uint16) * 257)) == pytest.approx(RGB, abs=1e-3)


def test_ybr_full() -> None:
    ybr = np.asarray(Image.fromarray(RGB).convert("YCbCr"))
    assert levels(dicom(ybr, PhotometricInterpretation="YBR_FULL")) == pytest.approx(RGB, abs=2)


def test_ybr_full_422_shares_chroma_between_two_pixels() -> None:
    red, green = (76, 85, 255), (150, 44, 21)
    pairs = bytes([red[0], red[0], red[1], red[2], green[0], green[0], green[1], green[2]])
    data = dicom(RGB, PixelData=pairs, PhotometricInterpretation="YBR_FULL_422")
    wanted = [[[254, 0, 0], [254, 0, 0]], [[0, 255, 1], [0, 255, 1]]]
    assert levels(data) == pytest.approx(np.array(wanted), abs=1.5)


def palette(bits: int, entries: list[list[int]], first: int = 0, *, as_bytes: bool = False) -> dict[str, Any]:
    """Elements of a palette; entries: red, green, blue."""
    elements: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for color, column in zip(("Red", "Green", "Blue"), entries, strict=True):
        elements[f"{color}PaletteColorLookupTableDescriptor"] = [len(column), first, bits]
        elements[f"{color}PaletteColorLookupTableData"] = (
            bytes(column) + b"\0" * (len(column) % 2) if as_bytes else np.array(column, "<u2").tobytes()
        )
    return elements


STORED = np.array([[0, 1, 2, 9]], dtype=np.uint8)
TABLE = [[0, 255, 51], [0, 0, 102], [255, 0, 153]]
COLORED = np.array([[[0, 0, 255], [255, 0, 0], [51, 102, 153], [51, 102, 153]]])


def test_palette_of_eight_bits_in_bytes_and_in_words() -> None:
    for as_bytes in (True, False):
        assert levels(dicom(STORED, **palette(8, TABLE, as_bytes=as_bytes))) == pytest.approx(COLORED, abs=1e-3)


def test_palette_of_sixteen_bits() -> None:
    wide = [[257 * level for level in column] for column in TABLE]
    assert levels(dicom(STORED, **palette(16, wide))) == pytest.approx(COLORED, abs=1e-3)


def test_palette_that_starts_later() -> None:
    stored = np.array([[3, 100, 101, 102]], dtype=np.uint16)
    wanted = COLORED[:, [0, 0, 1, 2]]
    assert levels(dicom(stored, **palette(8, TABLE, first=100))) == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize("wide", [True, False])
def test_segmented_palette(wide: bool) -> None:
    """Discrete 0, 50; linear in 4 steps to 250; then the two segments of the start again."""
    indirect = [0, 0] if wide else [0, 0, 0, 0]
    words = [0, 2, 0, 50, 1, 4, 250, 2, 2, *indirect]
    elements: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    scale = 257 if wide else 1
    words = [word * (scale if index in (2, 3, 6) else 1) for index, word in enumerate(words)]
    for color in ("Red", "Green", "Blue"):
        name = f"{color}PaletteColorLookupTable"
        elements[f"{name}Descriptor"] = [12, 0, 16 if wide else 8]
        elements[f"Segmented{name}Data"] = np.array(words, "<u2").tobytes() if wide else bytes([*words, 0])
    data = dicom(np.arange(12, dtype=np.uint8).reshape(3, 4), **elements)
    wanted = [0, 50, 100, 150, 200, 250, 0, 50, 100, 150, 200, 250]
    pixels = read_case(data).pixels
    assert pixels.shape == (3, 4, 1)  # its channels are equal
    assert 255 * pixels.ravel() == pytest.approx(wanted, abs=0.01)


def test_rle_of_eight_and_sixteen_bits_and_the_second_frame() -> None:
    for stored in (RGB, RGB.astype(np.uint16) * 257):
        made = dataset(stored, NumberOfFrames=2, PixelData=stored.tobytes() + stored[::-1].tobytes())
        made.compress(RLELossless)
        assert levels(written(made)) == pytest.approx(RGB, abs=1e-3)
        assert levels(written(made), frame=1) == pytest.approx(RGB[::-1], abs=1e-3)


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless], ids=lambda syntax: syntax.name)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_lossless_syntaxes_give_the_same_pixels(syntax: str, dtype: Any) -> None:
    stored = np.random.default_rng(0).integers(0, 256, (64, 80)).astype(dtype)
    made = dataset(stored, WindowCenter=128, WindowWidth=256)
    plain = read_case(written(made)).pixels
    made.compress(syntax)
    assert np.array_equal(read_case(written(made)).pixels, plain)


def jpeg_of(rgb: np.ndarray, **options: Any) -> bytes:
    return raster(rgb, "JPEG", quality=100, **options)


@pytest.mark.parametrize("photometric", ["YBR_FULL_422", "YBR_FULL", "RGB"])
def test_jpeg_baseline_is_rgb_whatever_the_header_calls_it(photometric: str) -> None:
    """A JFIF stream is YBR, also where the header says RGB."""
    rgb = np.repeat(np.repeat(RGB, 8, axis=0), 8, axis=1)
    made = dataset(
        encapsulate([jpeg_of(rgb, subsampling=0)]),
        syntax=JPEGBaseline8Bit,
        Rows=16,
        Columns=16,
        SamplesPerPixel=3,
        PlanarConfiguration=0,
        PhotometricInterpretation=photometric,
        **EIGHT_BIT,
    )
    assert levels(written(made)) == pytest.approx(rgb, abs=4)


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEGExtended12Bit], ids=lambda syntax: syntax.name)
def test_jpeg_of_eight_bits_under_a_header_of_sixteen(syntax: str) -> None:
    gray = np.tile(np.arange(0, 256, 16, dtype=np.uint8), (16, 1))
    made = dataset(
        encapsulate([jpeg_of(gray)]),
        syntax=syntax,
        Rows=16,
        Columns=16,
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        BitsAllocated=16,
        BitsStored=8,
        HighBit=7,
        PixelRepresentation=0,
    )
    assert 255 * read_case(written(made)).pixels[..., 0] == pytest.approx(gray, abs=1)


def test_jpeg_2000_stored_as_a_whole_jp2_file() -> None:
    rgb = np.repeat(np.repeat(RGB, 32, axis=0), 32, axis=1)
    stream = raster(rgb, "JPEG2000")
    assert stream[4:8] == b"jP  "
    made = dataset(
        encapsulate([stream]),
        syntax=JPEG2000Lossless,
        Rows=64,
        Columns=64,
        SamplesPerPixel=3,
        PlanarConfiguration=0,
        PhotometricInterpretation="YBR_RCT",
        **EIGHT_BIT,
    )
    assert levels(written(made)) == pytest.approx(rgb, abs=1)


@pytest.mark.parametrize(
    ("sop_class", "code", "modality"),
    [
        ("1.2.840.10008.5.1.4.1.1.77.1.4", "XC", "dermoscopy"),
        ("1.2.840.10008.5.1.4.1.1.77.1.7", None, "dermoscopy"),
        ("1.2.840.10008.5.1.4.1.1.77.1.5.1", "OP", "fundus"),
        ("1.2.840.10008.5.1.4.1.1.77.1.5.1", None, "fundus"),
    ],
)
def test_visible_light_objects(sop_class: str, code: str | None, modality: str) -> None:
    """VL Photographic, Dermoscopic Photography and Ophthalmic Photography say what they show."""
    case = read_case(dicom(RGB, SOPClassUID=sop_class, Modality=code))
    assert case.modality == modality
    assert case.pixels.shape == (2, 2, 3)
    assert case.name.startswith(f"Uploaded {'fundus photograph' if modality == 'fundus' else 'dermoscopy'} ")
