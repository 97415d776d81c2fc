"""Picture files on pixels that are known: depth, transparency, palettes, color spaces, orientation, pages."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from core.errors import InputError, LimitExceeded, UnreadableImage
from core.values import Case
from imaging import limits
from imaging import raster as raster_module
from imaging.read import frame_count, read_case
from tests.imaging.tiny import raster

RGB = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[10, 100, 200], [0, 0, 0], [255, 255, 255]]], dtype=np.uint8)
WIDE = np.array([[0, 13107, 26214], [39321, 52428, 65535]], dtype=np.uint16)


def read(data: bytes, **options: Any) -> Case:
    return read_case(data, modality="dermoscopy", **options)


def levels(data: bytes, **options: Any) -> np.ndarray:
    """(H, W, C) pixels times 255."""
    return 255 * read(data, **options).pixels


def notes(data: bytes) -> str:
    return " ".join(read(data).notes)


@pytest.mark.parametrize("format", ["PNG", "TIFF", "BMP"])
def test_rgb_is_exact(format: str) -> None:
    assert levels(raster(RGB, format)) == pytest.approx(RGB, abs=1e-4)


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_sixteen_bits_over_the_full_range(format: str, order: str) -> None:
    image = Image.fromarray(WIDE.astype(order))
    case = read(raster(image, format))
    assert case.pixels.ravel() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert "taken as 16-bit" in " ".join(case.notes)


def test_twelve_bits_in_sixteen() -> None:
    """Exports of radiographs keep 12-bit values; over 16 bits they would be black."""
    case = read(raster(Image.fromarray((WIDE // 16).astype(np.uint16))))
    assert case.pixels.ravel() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1], abs=1e-3)
    assert "taken as 12-bit" in " ".join(case.notes)


def test_big_endian_tiff() -> None:
    image = Image.new("I;16B", (3, 2))
    image.frombytes(WIDE.astype(">u2").tobytes())
    assert read(raster(image, "TIFF")).pixels.ravel() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])


@pytest.mark.parametrize(("bits", "mode"), [(8, "L"), (16, "I;16")])
def test_tiff_in_which_white_is_zero(bits: int, mode: str) -> None:
    stored = WIDE if bits == 16 else (WIDE // 257).astype(np.uint8)
    data = bytearray(raster(Image.fromarray(stored), "TIFF"))
    at = data.index(b"\x06\x01\x03\x00\x01\x00\x00\x00\x01\x00")  # PhotometricInterpretation 1, BlackIsZero
    data[at + 8] = 0
    assert Image.open(io.BytesIO(data)).mode == mode
    assert read(bytes(data)).pixels.ravel() == pytest.approx([1, 0.8, 0.6, 0.4, 0.2, 0])


def test_float_tiff() -> None:
    unit = np.array([[0, 0.25], [0.5, 0.75]], dtype=np.float32)
    assert read(raster(Image.fromarray(unit), "TIFF")).pixels[..., 0] == pytest.approx(unit)
    any_range = np.array([[-100, 0], [np.nan, 300]], dtype=np.float32)
    case = read(raster(Image.fromarray(any_range), "TIFF"))
    assert case.pixels.ravel() == pytest.approx([0, 0.25, 0, 1])
    assert "smallest value, -100, to the largest, 300" in " ".join(case.notes)


def test_integers_beyond_sixteen_bits() -> None:
    stored = np.array([[-1000, 0], [1000, 3000]], dtype=np.int32)
    assert read(raster(Image.fromarray(stored), "TIFF")).pixels.ravel() == pytest.approx([0, 0.25, 0.5, 1])


def test_one_bit() -> None:
    for format in ("PNG", "TIFF", "BMP"):
        image = Image.fromarray(np.array([[True, False]]))
        assert read(raster(image, format)).pixels.ravel().tolist() == [1, 0]


def test_palette() -> None:
    image = Image.fromarray(RGB).quantize(8)
    assert image.mode == "P"
    assert levels(raster(image)) == pytest.approx(RGB, abs=1e-4)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_is_shown_on_black(mode: str) -> None:
    image = Image.new("RGBA", (2, 1), (200, 200, 200, 255))
    image.putpixel((1, 0), (200, 200, 200, 0))
    made = image.convert("LA") if mode == "LA" else image.quantize(4) if mode == "P" else image
    assert made.mode == mode
    case = read(raster(made))
    assert 255 * case.pixels.ravel() == pytest.approx([200, 0])
    assert "on black" in " ".join(case.notes)


def test_half_transparent() -> None:
    assert levels(raster(Image.new("RGBA", (1, 1), (200, 100, 50, 128)))).ravel() == pytest.approx([100, 50, 25], abs=1)


def test_cmyk() -> None:
    for format in ("JPEG", "TIFF"):
        image = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
        assert levels(raster(image, format))[4, 4] == pytest.approx([255, 0, 0], abs=3)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_upright(format: str, orientation: int) -> None:
    """The file holds the upright picture turned away; reading turns it back."""
    upright = np.zeros((16, 32, 3), dtype=np.uint8)
    upright[:8, :16] = (250, 40, 40)
    away = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: upright[:, ::-1].transpose(1, 0, 2),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: upright[::-1].transpose(1, 0, 2),
    }[orientation]
    exif = Image.Exif()
    exif[274] = orientation
    options = {"lossless": True} if format == "WEBP" else {"quality": 100, "subsampling": 0} if format == "JPEG" else {}
    if format == "TIFF":
        options = {"tiffinfo": {274: orientation}}
    else:
        options["exif"] = exif
    case = read(raster(np.ascontiguousarray(away), format, **options))
    assert case.pixels.shape == (16, 32, 3)
    assert 255 * case.pixels[4, 8] == pytest.approx([250, 40, 40], abs=6)
    assert 255 * case.pixels[12, 24].max() < 6
    assert ("Turned upright" in " ".join(case.notes)) == (orientation != 1)


def test_pages_of_a_tiff() -> None:
    pages = [Image.fromarray(np.full((4, 4), level, dtype=np.uint8)) for level in (10, 20, 30)]
    data = raster(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert frame_count(data) == 3
    assert [levels(data, frame=frame).mean() for frame in range(3)] == pytest.approx([10, 20, 30])
    assert read(data, frame=2).source["frame"] == "3 of 3"
    with pytest.raises(InputError, match="the file has 3"):
        read(data, frame=3)


def test_too_many_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = [Image.new("L", (4, 4)) for _ in range(4)]
    data = raster(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    for module in (limits, raster_module):
        monkeypatch.setattr(module, "MAX_FRAMES", 3)
    with pytest.raises(LimitExceeded, match="at most 3"):
        frame_count(data)


def test_first_picture_of_an_animation() -> None:
    pages = [Image.fromarray(np.full((4, 4), level, dtype=np.uint8)) for level in (10, 200)]
    for format, options in (("PNG", {}), ("WEBP", {"lossless": True})):
        data = raster(pages[0], format, save_all=True, append_images=pages[1:], **options)
        assert frame_count(data) == 1
        assert levels(data).mean() == pytest.approx(10)
        assert "first picture of the animation" in notes(data)


def test_color_profiles() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert levels(raster(RGB, icc_profile=srgb)) == pytest.approx(RGB, abs=1e-4)
    assert levels(raster(RGB, icc_profile=b"no profile at all")) == pytest.approx(RGB, abs=1e-4)
    assert "can't be used" in notes(raster(RGB, icc_profile=b"no profile at all"))
    start = {tag: int.from_bytes(srgb[at + 4 : at + 8], "big") for tag in (b"rXYZ", b"gXYZ") if (at := srgb.index(tag))}
    red, green = (srgb[start[tag] : start[tag] + 20] for tag in (b"rXYZ", b"gXYZ"))
    swapped = srgb.replace(red, b"?" * 20).replace(green, red).replace(b"?" * 20, green)
    swapped = swapped.replace("sRGB".encode("utf-16-be"), "gRRB".encode("utf-16-be"))
    assert levels(raster(RGB, icc_profile=swapped)) == pytest.approx(RGB[..., [1, 0, 2]], abs=2)
    assert "converted" in notes(raster(RGB, icc_profile=swapped))


@pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF", "BMP", "WEBP"])
def test_truncated(format: str) -> None:
    data = raster(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8), format)
    for share in (0.02, 0.3, 0.9):
        with pytest.raises(UnreadableImage) as caught:
            read(data[: int(len(data) * share)])
        assert caught.value.what == f"This {format} file"
