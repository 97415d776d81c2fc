"""The gray pipeline of DICOM on pixels that are worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from imaging.read import frame_count, read_case
from tests.imaging.tiny import dataset, dicom, item, lut, written

U16 = np.array([[0, 1000], [2000, 4000]], dtype=np.uint16)
TWELVE = {"BitsStored": 12, "HighBit": 11}


def shown(data: bytes, frame: int = 0) -> list[float]:
    case = read_case(data, frame=frame)
    assert case.pixels.dtype == np.float32
    assert case.pixels.shape[2] == 1
    return case.pixels.ravel().tolist()


def notes(data: bytes) -> str:
    return " ".join(read_case(data).notes)


@pytest.mark.parametrize(
    "syntax",
    [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian],
    ids=lambda syntax: syntax.name,
)
@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32])
def test_without_a_window_values_run_from_smallest_to_largest(syntax: str, dtype: Any) -> None:
    values = np.array([[0, 51, 102], [204, 255, 153]], dtype=np.int64)
    stored = values if dtype is np.uint8 else values // 3
    data = dicom(stored.astype(dtype), syntax=syntax)
    assert shown(data) == pytest.approx([0, 0.2, 0.4, 0.8, 1, 0.6])


def test_eight_bit_values_without_a_window_are_shown_as_they_are() -> None:
    data = dicom(np.array([[51, 102]], dtype=np.uint8), RescaleSlope=1, RescaleIntercept=0)
    assert shown(data) == pytest.approx([0.2, 0.4])


def test_linear_window() -> None:
    data = dicom(U16, **TWELVE, WindowCenter=2000.5, WindowWidth=2001)
    assert shown(data) == pytest.approx([0, 0, 0.5, 1])
    assert "center 2000.5, width 2001" in notes(data)


def test_linear_exact_window() -> None:
    data = dicom(U16, WindowCenter=2000, WindowWidth=4000, VOILUTFunction="LINEAR_EXACT")
    assert shown(data) == pytest.approx([0, 0.25, 0.5, 1])


def test_sigmoid_window() -> None:
    data = dicom(U16, WindowCenter=2000, WindowWidth=2000, VOILUTFunction="SIGMOID")
    logistic = [1 / (1 + math.exp(-4 * (value - 2000) / 2000)) for value in (0, 1000, 2000, 4000)]
    assert shown(data) == pytest.approx(logistic)


def test_window_of_width_one_is_a_threshold() -> None:
    assert shown(dicom(U16, WindowCenter=1001, WindowWidth=1)) == [0, 0, 1, 1]


def test_first_of_several_windows() -> None:
    data = dicom(U16, WindowCenter=[2000.5, 40], WindowWidth=[2001, 80], WindowCenterWidthExplanation=["A", "B"])
    assert shown(data) == pytest.approx([0, 0, 0.5, 1])


@pytest.mark.parametrize(("center", "width"), [("2000", "0"), ("2000", "-5"), ("2000", "0.5"), ("99999", "10")])
def test_useless_window_is_not_used_and_noted(center: str, width: str) -> None:
    data = dicom(U16, WindowCenter=center, WindowWidth=width)
    assert shown(data) == pytest.approx([0, 0.25, 0.5, 1])
    assert "No usable window" in notes(data)


def test_rescale_comes_before_the_window() -> None:
    hounsfield = dicom(
        np.array([[24, 1024, 1064, 1104]], dtype=np.int16),
        RescaleSlope=1,
        RescaleIntercept=-1024,
        WindowCenter=40.5,
        WindowWidth=81,
    )
    assert shown(hounsfield) == pytest.approx([0, 0, 0.5, 1])


def test_negative_slope_turns_the_picture() -> None:
    assert shown(dicom(U16, RescaleSlope=-1, RescaleIntercept=4000)) == pytest.approx([1, 0.75, 0.5, 0])


def test_monochrome1_is_inverted_after_the_window() -> None:
    data = dicom(U16, PhotometricInterpretation="MONOCHROME1", WindowCenter=2000.5, WindowWidth=2001)
    assert shown(data) == pytest.approx([1, 1, 0.5, 0])
    assert "MONOCHROME1" in notes(data)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_presentation_lut_shape_inverse_inverts_once(photometric: str) -> None:
    data = dicom(U16, PhotometricInterpretation=photometric, PresentationLUTShape="INVERSE")
    assert shown(data) == pytest.approx([1, 0.75, 0.5, 0])


def test_monochrome1_with_a_contradicting_shape_is_inverted() -> None:
    data = dicom(U16, PhotometricInterpretation="MONOCHROME1", PresentationLUTShape="IDENTITY")
    assert shown(data) == pytest.approx([1, 0.75, 0.5, 0])


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_modality_lut_then_voi_lut(syntax: str) -> None:
    modality = lut([4, 10, 16], [100, 101, 102, 103])
    voi = lut([4, 100, 12], [0, 1365, 2730, 4095])
    data = dicom(
        np.array([[0, 10, 11], [12, 13, 99]], dtype=np.uint16),
        syntax=syntax,
        ModalityLUTSequence=[modality],
        VOILUTSequence=[voi],
        WindowCenter=1,
        WindowWidth=1,
    )
    assert shown(data) == pytest.approx([0, 0, 1 / 3, 2 / 3, 1, 1])


def test_lookup_table_as_words_in_the_byte_order_of_the_file() -> None:
    for syntax, order in ((ExplicitVRLittleEndian, "<u2"), (ExplicitVRBigEndian, ">u2")):
        voi = lut([3, 0, 16], np.array([0, 13107, 65535], order).tobytes())
        data = dicom(np.array([[0, 1, 2]], dtype=np.uint16), syntax=syntax, VOILUTSequence=[voi])
        assert shown(data) == pytest.approx([0, 0.2, 1])


def test_lookup_table_that_starts_below_zero() -> None:
    voi = lut([3, -1, 8], [0, 128, 255])
    data = dicom(np.array([[-5, -1, 0, 1]], dtype=np.int16), VOILUTSequence=[voi])
    assert shown(data) == pytest.approx([0, 0, 128 / 255, 1])


def test_padding_takes_no_part_and_is_black() -> None:
    stored = np.array([[-2000, 0], [500, 1000]], dtype=np.int16)
    assert shown(dicom(stored, PixelPaddingValue=-2000)) == pytest.approx([0, 0, 0.5, 1])
    inverted = dicom(stored, PixelPaddingValue=-2000, PhotometricInterpretation="MONOCHROME1")
    assert shown(inverted) == pytest.approx([0, 1, 0.5, 0])
    assert "1 pixels without a value (padding)" in notes(inverted)


def test_padding_range() -> None:
    stored = np.array([[0, 1, 2, 3], [100, 200, 300, 200]], dtype=np.uint16)
    data = dicom(stored, PixelPaddingValue=3, PixelPaddingRangeLimit=0)
    assert shown(data) == pytest.approx([0, 0, 0, 0, 0, 0.5, 1, 0.5])


def test_all_padding_is_a_picture_still() -> None:
    assert shown(dicom(np.full((1, 2), 7, dtype=np.uint16), PixelPaddingValue=7)) == [0, 0]


def test_twelve_bits_in_sixteen_ignore_what_lies_above() -> None:
    stored = np.array([[0xF000, 0x1400], [0x07D0, 0x0FA0]], dtype=np.uint16)  # overlay bits over 0, 1024, 2000, 4000
    assert shown(dicom(stored, **TWELVE)) == pytest.approx([0, 0.256, 0.5, 1])


def test_twelve_bits_signed() -> None:
    stored = np.array([[0x0800, 0x0000, 0x07FF]], dtype=np.uint16)
    data = dicom(stored, **TWELVE, PixelRepresentation=1, WindowCenter=0, WindowWidth=4096)
    assert shown(data) == pytest.approx([0, 2048 / 4095, 1], abs=1e-3)


def test_left_aligned_values_of_old_files() -> None:
    stored = (np.array([[0, 1000, 2000, 4000]]) << 4).astype(np.uint16)
    data = dicom(stored, BitsStored=12, HighBit=15)
    assert shown(data) == pytest.approx([0, 0.25, 0.5, 1])
    assert read_case(data).source["bits stored"] == "12"


def test_one_bit() -> None:
    made = dataset(bytes([0b00000110, 0b00000001]), Rows=3, Columns=3, SamplesPerPixel=1, BitsAllocated=1)
    made.BitsStored, made.HighBit, made.PixelRepresentation = 1, 0, 0
    made.PhotometricInterpretation = "MONOCHROME2"
    assert shown(written(made)) == [0, 1, 1, 0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize(("keyword", "dtype"), [("FloatPixelData", "<f4"), ("DoubleFloatPixelData", "<f8")])
def test_float_pixels(keyword: str, dtype: str) -> None:
    values = np.array([[-1.0, 0.0], [math.nan, 3.0]])
    bits = 8 * np.dtype(dtype).itemsize
    made = dataset(np.zeros((2, 2), np.uint16), PixelData=None, BitsAllocated=bits, BitsStored=None, HighBit=None)
    del made.PixelRepresentation
    setattr(made, keyword, values.astype(dtype).tobytes())
    assert shown(written(made)) == pytest.approx([0, 0.25, 0, 1])


def test_one_frame_of_several_with_its_own_window() -> None:
    frames = np.stack([U16, U16[::-1]])
    windows = [item(FrameVOILUTSequence=[item(WindowCenter=c, WindowWidth=w)]) for c, w in ((1, 1), (2000.5, 2001))]
    shared = item(
        PixelMeasuresSequence=[item(PixelSpacing=[0.5, 0.25])],
        PixelValueTransformationSequence=[item(RescaleSlope=1, RescaleIntercept=0, RescaleType="US")],
    )
    data = dicom(
        U16,
        NumberOfFrames=2,
        PixelData=frames.tobytes(),
        PerFrameFunctionalGroupsSequence=windows,
        SharedFunctionalGroupsSequence=[shared],
    )
    assert frame_count(data) == 2
    assert shown(data, 0) == [0, 1, 1, 1]
    assert shown(data, 1) == pytest.approx([0.5, 1, 0, 0])
    case = read_case(data, frame=1)
    assert case.spacing_mm == (0.5, 0.25)
    assert case.source["frame"] == "2 of 2"
    assert any("not square" in note for note in case.notes)


def test_constant_picture() -> None:
    assert shown(dicom(np.full((2, 2), 700, dtype=np.uint16))) == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("elements", "spacing", "note"),
    [
        ({"PixelSpacing": [0.2, 0.3], "ImagerPixelSpacing": [0.4, 0.4]}, (0.2, 0.3), "not square"),
        ({"ImagerPixelSpacing": [0.15, 0.15]}, (0.15, 0.15), "at the detector"),
        ({"PixelSpacing": [0, 0], "NominalScannedPixelSpacing": [0.1, 0.1]}, (0.1, 0.1), "film scanner"),
        ({"PixelSpacing": [-1, 1]}, None, ""),
        ({"PixelSpacing": ["0.2"]}, None, ""),
    ],
)
def test_pixel_spacing(elements: dict[str, Any], spacing: tuple[float, float] | None, note: str) -> None:
    data = dicom(U16, **elements)
    assert read_case(data).spacing_mm == spacing
    assert note in notes(data)
