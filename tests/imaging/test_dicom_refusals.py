"""Damaged and odd DICOM files: one clear sentence that names the rule and the value, or a noted assumption."""

from __future__ import annotations

import time
import zlib
from typing import Any

import numpy as np
import pytest
from pydicom.datadict import tag_for_keyword
from pydicom.encaps import encapsulate
from pydicom.uid import (
    HTJ2K,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from core.errors import InputError, LimitExceeded, UndecodablePixels, UnreadableImage
from imaging import limits
from imaging.dicom import decode, parsing
from imaging.read import frame_count, read_case
from tests.imaging.tiny import dataset, dicom, raster, written

GRAY = np.arange(64, dtype=np.uint16).reshape(8, 8)
RGB = np.zeros((8, 8, 3), dtype=np.uint8)
SHOWN = GRAY / 63


def refusal(data: bytes, **options: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        read_case(data, **options)
    error = caught.value
    assert all(part and "\n" not in part for part in (error.what, error.why, error.remedy))
    assert len(str(error)) < 400
    return error


def raw(made: Any, keyword: str, vr: str, value: bytes) -> bytes:
    """The file with an element whose bytes pydicom would not write."""
    made.pop(keyword, None)
    data = written(made)
    tag = tag_for_keyword(keyword)
    assert tag is not None
    value += b" " * (len(value) % 2)
    element = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little")
    element += vr.encode() + len(value).to_bytes(2, "little") + value
    at = data.index(b"\xe0\x7f\x10\x00")
    return data[:at] + element + data[at:]


@pytest.mark.parametrize("keyword", ["Rows", "Columns", "BitsAllocated"])
def test_missing_size(keyword: str) -> None:
    assert keyword in refusal(dicom(GRAY, **{keyword: None})).why


@pytest.mark.parametrize(
    ("elements", "said"),
    [
        ({"Rows": 0}, "Rows in the header is 0"),
        ({"Columns": 0}, "Columns in the header is 0"),
        ({"BitsAllocated": 0}, "BitsAllocated in the header is 0"),
        ({"BitsAllocated": 12}, "BitsAllocated in the header is 12"),
        ({"BitsAllocated": 24}, "BitsAllocated in the header is 24"),
        ({"BitsStored": 0}, "BitsStored in the header is 0"),
        ({"BitsStored": 17}, "BitsStored in the header is 17"),
        ({"HighBit": 3}, "HighBit in the header is 3"),
        ({"PixelRepresentation": 7}, "PixelRepresentation in the header is 7"),
        ({"SamplesPerPixel": 2}, "2 samples per pixel"),
        ({"SamplesPerPixel": 3}, "3 samples per pixel"),
        ({"SamplesPerPixel": 0}, "SamplesPerPixel in the header is 0"),
        ({"PhotometricInterpretation": "SMITH^JOHN"}, "none of the standard"),
        ({"PhotometricInterpretation": "ARGB"}, "ARGB was retired"),
        ({"PhotometricInterpretation": "RGB"}, "RGB has 3"),
        ({"PixelData": None}, "it has no pixel data; its class is Computed Radiography Image Storage"),
        ({"PixelData": b""}, "PixelData is empty"),
        ({"PixelData": bytes(100)}, "100 bytes, and the header announces 128"),
        ({"Rows": 9}, "128 bytes, and the header announces 144"),
        ({"NumberOfFrames": -1}, "NumberOfFrames in the header is -1"),
        ({"RescaleSlope": 0}, "RescaleSlope in the header is 0"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "RedPaletteColorLookupTableDescriptor"),
    ],
)
def test_header_against_the_standard(elements: dict[str, Any], said: str) -> None:
    assert said in refusal(dicom(GRAY, **elements)).why


@pytest.mark.parametrize(
    ("keyword", "vr", "value", "said"),
    [
        ("NumberOfFrames", "IS", b"abc", "NumberOfFrames"),
        ("NumberOfFrames", "IS", b"99999999999999999999", "NumberOfFrames"),
        ("NumberOfFrames", "IS", b"2\\3", "NumberOfFrames"),
        ("Rows", "US", b"\x08\x00\x08\x00", "Rows in the header is no whole number"),
        ("Rows", "LO", b"EIGHT", "Rows in the header is no whole number"),
        ("RescaleSlope", "DS", b"NaN", "RescaleSlope"),
        ("RescaleSlope", "DS", b"SMITH^JOHN", "RescaleSlope"),
    ],
)
def test_values_of_the_wrong_kind(keyword: str, vr: str, value: bytes, said: str) -> None:
    error = refusal(raw(dataset(GRAY), keyword, vr, value))
    assert said in error.why
    assert "SMITH" not in str(error)


@pytest.mark.parametrize(
    ("elements", "noted"),
    [
        ({"PhotometricInterpretation": None}, "lacks a Photometric Interpretation; taken as MONOCHROME2"),
        ({"PhotometricInterpretation": ""}, "lacks a Photometric Interpretation; taken as MONOCHROME2"),
        ({"BitsStored": None, "HighBit": None}, ""),
        ({"SamplesPerPixel": None}, ""),
        ({"PixelRepresentation": None}, ""),
        ({"NumberOfFrames": 0}, ""),
        ({"WindowCenter": 32, "WindowWidth": 0}, "No usable window"),
        ({"WindowCenter": 32, "WindowWidth": -4}, "No usable window"),
        ({"WindowCenter": 32}, "No usable window"),
        ({"VOILUTFunction": "WRONG"}, ""),
        ({"PixelData": GRAY.tobytes() + bytes(32)}, ""),
        ({"PixelData": GRAY.tobytes() * 2}, ""),
    ],
)
def test_sloppy_headers_are_read(elements: dict[str, Any], noted: str) -> None:
    case = read_case(dicom(GRAY, **elements))
    assert case.pixels[..., 0] == pytest.approx(SHOWN)
    assert noted in " ".join(case.notes)


def test_window_that_is_no_number_is_not_used() -> None:
    made = dataset(GRAY, WindowWidth=10)
    case = read_case(raw(made, "WindowCenter", "DS", b"twelve"))
    assert case.pixels[..., 0] == pytest.approx(SHOWN)


def test_huge_numbers_in_the_header_stay_in_range() -> None:
    for elements in ({"RescaleSlope": "1e300"}, {"RescaleIntercept": "1e308"}, {"WindowCenter": "1e300"}):
        case = read_case(dicom(GRAY, **({"WindowWidth": "1e-30", "VOILUTFunction": "SIGMOID"} | elements)))
        assert np.isfinite(case.pixels).all()
        assert 0 <= case.pixels.min() <= case.pixels.max() <= 1


@pytest.mark.parametrize("frame", [-1, 1, 99])
def test_frame_that_is_not_there(frame: int) -> None:
    assert refusal(dicom(GRAY), frame=frame).what == f"Frame {frame}"


# --- files without their head ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_bare_data_set(syntax: str) -> None:
    data = dicom(GRAY, syntax=syntax, Modality="CR")
    start = next(at for at in range(132, len(data)) if data[at : at + 4] in (b"\x08\x00\x16\x00", b"\x00\x08\x00\x16"))
    case = read_case(data[start:])
    assert case.pixels[..., 0] == pytest.approx(SHOWN)
    assert any("names no transfer syntax" in note and syntax.name in note for note in case.notes)


def test_without_the_preamble_or_only_that() -> None:
    data = dicom(GRAY)
    for shortened in (data[128:], data[132:]):
        assert read_case(shortened).pixels[..., 0] == pytest.approx(SHOWN)


def test_compressed_without_a_transfer_syntax() -> None:
    data = dicom(encapsulate([raster(RGB, "JPEG")]), syntax=JPEGBaseline8Bit, **jpeg_header())
    start = data.index(b"\x08\x00\x16\x00", 132)
    error = refusal(data[start:])
    assert isinstance(error, UndecodablePixels)
    assert "compressed" in error.why


def test_truncated_anywhere() -> None:
    data = dicom(GRAY)
    for length in range(0, len(data) - 1, 7):
        refusal(data[:length])


# --- compressed pixels ----------------------------------------------------------------------------------------------


def jpeg_header(**elements: Any) -> dict[str, Any]:
    header = {
        "Rows": 8,
        "Columns": 8,
        "SamplesPerPixel": 3,
        "PlanarConfiguration": 0,
        "PhotometricInterpretation": "YBR_FULL_422",
        "BitsAllocated": 8,
        "BitsStored": 8,
        "HighBit": 7,
        "PixelRepresentation": 0,
    }
    return header | elements


UNKNOWN = [
    ("1.2.840.10008.1.2.4.102", "MPEG-4 AVC/H.264 High Profile / Level 4.1 (1.2.840.10008.1.2.4.102)"),
    ("1.2.840.10008.1.2.4.94", "JPIP Referenced (1.2.840.10008.1.2.4.94)"),
    ("1.2.840.10008.1.2.4.53", "JPEG Spectral Selection, Non-Hierarchical (Process 6 and 8)"),
    ("1.2.840.113619.5.2", "1.2.840.113619.5.2"),
]


@pytest.mark.parametrize(("syntax", "name"), UNKNOWN, ids=[syntax for syntax, _ in UNKNOWN])
def test_transfer_syntax_without_a_decoder_is_named(syntax: str, name: str) -> None:
    data = dicom(encapsulate([b"\0" * 64]), syntax=JPEGBaseline8Bit, **jpeg_header())
    given = JPEGBaseline8Bit.encode().ljust(24, b"\0")
    assert data.count(given[:22]) == 1
    longer = syntax.encode() + b"\0" * (len(syntax) % 2)
    data = data.replace(b"UI\x16\x00" + given[:22], b"UI" + len(longer).to_bytes(2, "little") + longer)
    error = refusal(data)
    assert isinstance(error, UndecodablePixels)
    assert name in error.why
    assert "gdcmconv --raw" in error.remedy


def test_missing_plugin_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(decode._PLUGINS, JPEGBaseline8Bit, "pylibjpeg")  # pylibjpeg-libjpeg is GPL and never shipped
    error = refusal(dicom(encapsulate([raster(RGB, "JPEG")]), syntax=JPEGBaseline8Bit, **jpeg_header()))
    assert isinstance(error, UndecodablePixels)
    assert "JPEG Baseline (Process 1)" in error.why
    assert "pylibjpeg-libjpeg" in error.why


@pytest.mark.parametrize("elements", [{"Rows": 4, "Columns": 16}, {"Rows": 16}, {"Columns": 7}])
def test_header_and_stream_of_different_size(elements: dict[str, Any]) -> None:
    stream = encapsulate([raster(RGB, "JPEG")])
    error = refusal(dicom(stream, syntax=JPEGBaseline8Bit, **jpeg_header(**elements)))
    assert "its pixel data 8 x 8" in error.why


def test_header_and_stream_of_different_depth() -> None:
    made = dataset(np.zeros((64, 64), dtype=np.uint16))
    made.compress(JPEG2000Lossless)
    made.BitsAllocated, made.BitsStored, made.HighBit = 8, 8, 7
    assert "allocates 8 bits, and its pixel data has 16" in refusal(written(made)).why


ENCAPSULATED = [
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEG2000Lossless,
    HTJ2K,
    RLELossless,
]


@pytest.mark.parametrize("syntax", ENCAPSULATED, ids=lambda syntax: syntax.name)
@pytest.mark.parametrize(
    "stream", [b"\0\0", b"\0" * 100, b"\xff\xd8\xff", b"\xff\x4f\xff\x51\x00", b"Once upon a time"]
)
def test_nonsense_in_fragments(syntax: str, stream: bytes) -> None:
    refusal(dicom(encapsulate([stream]), syntax=syntax, **jpeg_header()))
    refusal(dicom(b"\xfe\xff\x00\xe0" + stream, syntax=syntax, **jpeg_header()))


def test_jp2_wrapper_that_claims_boxes_of_no_length() -> None:
    """A reader that trusts box lengths never returns from this."""
    stream = b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(64)
    start = time.monotonic()
    refusal(dicom(encapsulate([stream]), syntax=JPEG2000Lossless, **jpeg_header()))
    assert time.monotonic() - start < 10


def test_uncompressed_syntax_with_fragments() -> None:
    data = dicom(encapsulate([raster(RGB, "JPEG")]), syntax=JPEGBaseline8Bit, **jpeg_header())
    uid = ExplicitVRLittleEndian.encode()
    data = data.replace(b"UI\x16\x00" + JPEGBaseline8Bit.encode(), b"UI\x14\x00" + uid + b"\0" * (len(uid) % 2))
    assert isinstance(refusal(data), UndecodablePixels)


def test_fragments_without_an_offset_table_and_in_pieces() -> None:
    stream = raster(np.full((8, 8, 3), 90, np.uint8), "JPEG", quality=100)
    for options in ({"has_bot": False}, {"fragments_per_frame": 3}):
        case = read_case(dicom(encapsulate([stream], **options), syntax=JPEGBaseline8Bit, **jpeg_header()))
        assert case.pixels == pytest.approx(90 / 255, abs=0.02)


# --- limits ---------------------------------------------------------------------------------------------------------


def test_too_many_pixels() -> None:
    error = refusal(dicom(GRAY, Rows=65535, Columns=65535))
    assert isinstance(error, LimitExceeded)
    assert "65535 x 65535 pixels" in error.why


def test_too_many_frames() -> None:
    data = dicom(GRAY, NumberOfFrames=limits.MAX_FRAMES + 1)
    error = refusal(data)
    assert isinstance(error, LimitExceeded)
    assert "1001 frames" in error.why
    with pytest.raises(LimitExceeded, match="1001 frames"):
        frame_count(data)


def test_too_many_bytes() -> None:
    error = refusal(bytes(limits.MAX_BYTES + 1))
    assert isinstance(error, LimitExceeded)
    assert "64 MB" in error.why


def test_deflated_bomb() -> None:
    head = dicom(GRAY, syntax=DeflatedExplicitVRLittleEndian)
    meta_length = int.from_bytes(head[140:144], "little")
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    megabyte = bytes(2**20)
    bomb = b"".join(squeeze.compress(megabyte) for _ in range(200)) + squeeze.flush()
    error = refusal(head[: 144 + meta_length] + bomb)
    assert isinstance(error, LimitExceeded)
    assert error.what == "What this deflated file inflates to"


def test_millions_of_elements(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many tiny elements would take minutes to parse."""
    monkeypatch.setattr(parsing, "_MAX_READS", 2000)
    data = dicom(GRAY)
    at = data.index(b"\x28\x00")
    element = b"\x09\x00\x10\x00LO\x02\x00AB"
    error = refusal(data[:at] + element * 5000 + data[at:])
    assert isinstance(error, LimitExceeded)
    assert "2,000 reads" in error.why


def test_deeply_nested_sequences() -> None:
    opening = b"\x28\x00\x00\x30SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    data = dicom(GRAY)
    at = data.index(b"\xe0\x7f\x10\x00")
    refusal(data[:at] + opening * 3000 + data[at:])


@pytest.mark.parametrize("error", [UnreadableImage, LimitExceeded, UndecodablePixels])
def test_all_refusals_are_input_errors(error: type[InputError]) -> None:
    assert issubclass(error, InputError)
