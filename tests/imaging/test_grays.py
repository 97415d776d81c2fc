"""The values behind the pixels: they give the pixels again, through the window that is kept beside them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.errors import InputError
from core.values import Case
from imaging.grays import kept
from imaging.read import read_case
from tests.imaging.tiny import dataset, dicom, lut, raster, written

U16 = np.array([[0, 1000], [2000, 4000]], dtype=np.uint16)
HOUNSFIELD = {"RescaleSlope": 2, "RescaleIntercept": -1024, "RescaleType": "HU"}


def assert_gives_the_pixels(case: Case) -> None:
    assert case.grays is not None
    values, (center, width) = case.grays.values, case.grays.window
    assert values.dtype == np.float32
    assert values.shape == case.pixels.shape[:2]
    assert case.pixels.shape[2] == 1
    assert np.isfinite(values).all()
    assert width > 0
    shown = ((values.astype(np.float64) - center) / width + 0.5).clip(0, 1)
    assert np.abs((1 - shown if case.grays.inverted else shown) - case.pixels[..., 0]).max() <= 2e-6


def read(data: bytes) -> tuple[list[float], tuple[float, float], bool, str]:
    """(values, window, inverted, unit), which give the pixels."""
    case = read_case(data, modality="dermoscopy")
    assert_gives_the_pixels(case)
    assert case.grays is not None
    return case.grays.values.ravel().tolist(), case.grays.window, case.grays.inverted, case.grays.unit


# --- DICOM ----------------------------------------------------------------------------------------------------------


def test_window_and_values_after_the_modality_lut() -> None:
    data = dicom(U16, **HOUNSFIELD, WindowCenter=40, WindowWidth=401)
    assert read(data) == ([-1024, 976, 2976, 6976], (39.5, 400), False, "HU")


def test_linear_exact_window_is_kept_as_it_is() -> None:
    data = dicom(U16, WindowCenter=40, WindowWidth=400, VOILUTFunction="LINEAR_EXACT")
    assert read(data) == ([0, 1000, 2000, 4000], (40, 400), False, "value")


def test_without_a_window_it_is_that_from_end_to_end() -> None:
    assert read(dicom(U16, **HOUNSFIELD)) == ([-1024, 976, 2976, 6976], (2976, 8000), False, "HU")


@pytest.mark.parametrize(
    "elements", [{"PhotometricInterpretation": "MONOCHROME1"}, {"PresentationLUTShape": "INVERSE"}]
)
def test_inverted(elements: dict[str, Any]) -> None:
    data = dicom(U16, **elements, WindowCenter=40, WindowWidth=401)
    assert read(data) == ([0, 1000, 2000, 4000], (39.5, 400), True, "value")


@pytest.mark.parametrize("said", ["US", "OD", "hu unspecified", "Doe^Jane"])
def test_other_units_are_not_named(said: str) -> None:
    assert read(dicom(U16, **HOUNSFIELD | {"RescaleType": said}))[3] == "value"


def test_modality_lut() -> None:
    table = lut([4, 10, 16], [100, 110, 120, 140])
    data = dicom(np.array([[0, 11, 12, 99]], dtype=np.uint16), ModalityLUTSequence=[table], RescaleType="HU")
    assert read(data) == ([100, 110, 120, 140], (120, 40), False, "value")


@pytest.mark.parametrize(
    ("window", "wanted"),
    [
        ({}, -500),  # the end of the stretch
        ({"WindowCenter": 500.5, "WindowWidth": 201}, -500),  # the smallest of the others lies below the window
        ({"WindowCenter": 500.5, "WindowWidth": 4001}, -1500),  # the low end of the window
    ],
)
def test_padding_is_at_the_dark_end(window: dict[str, float], wanted: float) -> None:
    stored = np.array([[-2000, -500], [500, 1000]], dtype=np.int16)
    assert read(dicom(stored, PixelPaddingValue=-2000, **window))[0] == [wanted, -500, 500, 1000]


def test_padding_is_at_the_high_end_where_that_is_dark() -> None:
    stored = np.array([[-2000, -500], [500, 1000]], dtype=np.int16)
    data = dicom(stored, PixelPaddingValue=-2000, PhotometricInterpretation="MONOCHROME1")
    assert read(data) == ([1000, -500, 500, 1000], (250, 1500), True, "value")


@pytest.mark.parametrize(
    "data",
    [
        dicom(U16, WindowCenter=1001, WindowWidth=1),
        dicom(U16, WindowCenter=2000, WindowWidth=2000, VOILUTFunction="SIGMOID"),
        dicom(U16, VOILUTSequence=[lut([3, 0, 8], [0, 128, 255])], WindowCenter=40, WindowWidth=80),
        dicom(np.full((2, 2), 700, dtype=np.uint16)),
        dicom(np.array([[51, 102]], dtype=np.uint8)),
        dicom(np.zeros((2, 2, 3), dtype=np.uint8)),
        dicom(np.array([[10**9, 10**9 + 2]], dtype=np.uint32), WindowCenter=10**9 + 1, WindowWidth=3),
    ],
    ids=["threshold", "sigmoid", "VOI LUT", "constant", "8-bit as it is", "color", "finer than float32"],
)
def test_no_values_without_a_linear_window_that_they_resolve(data: bytes) -> None:
    assert read_case(data).grays is None


def test_eight_bits_in_a_window() -> None:
    data = dicom(np.array([[51, 102]], dtype=np.uint8), WindowCenter=100.5, WindowWidth=201)
    assert read(data) == ([51, 102], (100, 200), False, "value")


@pytest.mark.parametrize(("keyword", "dtype"), [("FloatPixelData", "<f4"), ("DoubleFloatPixelData", "<f8")])
def test_float_pixels(keyword: str, dtype: str) -> None:
    values = np.array([[-1.0, 0.0], [np.nan, 3.0]])
    bits = 8 * np.dtype(dtype).itemsize
    made = dataset(np.zeros((2, 2), np.uint16), PixelData=None, BitsAllocated=bits, BitsStored=None, HighBit=None)
    setattr(made, keyword, values.astype(dtype).tobytes())
    assert read(written(made)) == ([-1, 0, -1, 3], (1, 4), False, "value")


def decimals(low: str, high: str) -> st.SearchStrategy[str]:
    """Numbers as a header writes them."""
    return st.decimals(low, high, places=3).map(lambda number: f"{number:.7g}")


@given(
    stored=st.sampled_from([np.uint8, np.uint16, np.int16, np.uint32, np.int32]).flatmap(
        lambda dtype: hnp.arrays(dtype, (3, 4), elements=hnp.from_dtype(np.dtype(dtype)))
    ),
    slope=decimals("-1e4", "1e4").filter(float),
    intercept=decimals("-1e6", "1e6"),
    center=decimals("-1e6", "1e6"),
    width=decimals("0.001", "1e6"),
    function=st.sampled_from(["LINEAR", "LINEAR_EXACT"]),
    photometric=st.sampled_from(["MONOCHROME1", "MONOCHROME2"]),
    pads=st.booleans(),
)
def test_values_give_the_pixels(
    stored: np.ndarray,
    slope: str,
    intercept: str,
    center: str,
    width: str,
    function: str,
    photometric: str,
    pads: bool,
) -> None:
    padding = {"PixelPaddingValue": int(stored[0, 0])} if pads and stored.dtype.itemsize <= 2 else {}
    data = dicom(
        stored,
        PhotometricInterpretation=photometric,
        RescaleSlope=slope,
        RescaleIntercept=intercept,
        WindowCenter=center,
        WindowWidth=width,
        VOILUTFunction=function,
        **padding,
    )
    case = read_case(data)
    if case.grays is not None:
        assert_gives_the_pixels(case)
        assert case.grays.inverted == (photometric == "MONOCHROME1")
    elif stored.dtype.itemsize == 2:  # nothing but a threshold has no window
        assert set(case.pixels.ravel().tolist()) <= {0, 1}


@given(
    values=hnp.arrays(np.float32, (2, 3), elements=st.floats(-1e6, 1e6, width=32)),
    center=st.floats(-1e6, 1e6, width=32),
    width=st.floats(np.float32(1e-3), 1e6, width=32),
    inverted=st.booleans(),
)
def test_padding_is_black_in_any_window(values: np.ndarray, center: float, width: float, inverted: bool) -> None:
    valid = np.ones((2, 3), dtype=bool)
    valid[0, 0] = False
    grays = kept(values, valid, (center, width), inverted=inverted, unit="value")
    assert grays is not None
    assert np.array_equal(grays.values[valid], values[valid])
    shown = np.clip((float(grays.values[0, 0]) - center) / width + 0.5, 0, 1)
    assert shown == pytest.approx(float(inverted), abs=1e-9)
    others = values[valid]
    assert grays.values[0, 0] >= others.max() if inverted else grays.values[0, 0] <= others.min()


def test_real_files(shared_data: Path) -> None:
    cases = []
    for path in sorted((shared_data / "dicom").rglob("*.dcm")):
        try:
            cases.append(read_case(path.read_bytes()))
        except InputError:
            continue
    windowed = [case for case in cases if case.grays]
    for case in windowed:
        assert_gives_the_pixels(case)
    assert len(windowed) >= 15


# --- PNG and TIFF ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_sixteen_bits(format: str) -> None:
    stored = np.array([[0, 13107, 65535]], dtype=np.uint16)
    assert read(raster(stored, format)) == ([0, 13107, 65535], (32767.5, 65535), False, "value")
    assert read(raster(stored // 16, format)) == ([0, 819, 4095], (2047.5, 4095), False, "value")


def test_integers_and_floats_of_any_range() -> None:
    integers = np.array([[-1000, 0, 3000]], dtype=np.int32)
    assert read(raster(integers, "TIFF")) == ([-1000, 0, 3000], (1000, 4000), False, "value")
    floats = np.array([[-100, np.nan, np.inf, 300]], dtype=np.float32)
    assert read(raster(floats, "TIFF")) == ([-100, -100, -100, 300], (100, 400), False, "value")
    unit = np.array([[0.25, 0.75]], dtype=np.float32)
    assert read(raster(unit, "TIFF")) == ([0.25, 0.75], (0.5, 1), False, "value")


def test_white_is_zero() -> None:
    data = bytearray(raster(np.array([[0, 13107, 65535]], dtype=np.uint16), "TIFF"))
    at = data.index(b"\x06\x01\x03\x00\x01\x00\x00\x00\x01\x00")  # PhotometricInterpretation 1, BlackIsZero
    data[at + 8] = 0
    assert read(bytes(data)) == ([0, 13107, 65535], (32767.5, 65535), True, "value")


def test_turned_with_the_pixels() -> None:
    stored = np.arange(6, dtype=np.uint16).reshape(2, 3) * 10000
    case = read_case(raster(stored, "TIFF", tiffinfo={274: 6}))
    assert_gives_the_pixels(case)
    assert case.grays is not None
    assert np.array_equal(case.grays.values, np.rot90(stored, -1))


def test_eight_bits_and_colors_have_no_values_behind() -> None:
    gray = np.array([[0, 255]], dtype=np.uint8)
    for image in (Image.fromarray(gray), Image.fromarray(np.stack([gray] * 3, axis=2))):
        stream = io.BytesIO()
        image.save(stream, "PNG")
        assert read_case(stream.getvalue()).grays is None
