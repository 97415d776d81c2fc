"""Pixel data -> stored values of one frame. Sizes are checked first; compressed frames go to the child process."""

from __future__ import annotations

import re
from typing import Any

import numpy.typing as npt
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from core.errors import UndecodablePixels
from imaging.dicom.codec import CodecFailed, codec
from imaging.dicom.codestream import Declared, declared, without_jp2_wrapper
from imaging.dicom.elements import Elements, damaged
from imaging.dicom.header import ImageHeader

_NATIVE = {ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian}
_PLUGINS = {  # of pydicom: for each syntax the one that is strictest with damaged streams
    JPEGBaseline8Bit: "pillow",
    JPEGExtended12Bit: "gdcm",
    JPEGLossless: "gdcm",
    JPEGLosslessSV1: "gdcm",
    JPEGLSLossless: "pyjpegls",
    JPEGLSNearLossless: "pyjpegls",
    JPEG2000Lossless: "pylibjpeg",
    JPEG2000: "pylibjpeg",
    HTJ2KLossless: "pylibjpeg",
    HTJ2KLosslessRPCL: "pylibjpeg",
    HTJ2K: "pylibjpeg",
    RLELossless: "pylibjpeg",
}
_REMEDY = "Convert it to an uncompressed DICOM file (for example with gdcmconv --raw), or export it as PNG."

Stored = npt.NDArray[Any]


def stored_values(elements: Elements, header: ImageHeader, syntax: UID, frame: int) -> tuple[Stored, str]:
    """Stored values (H, W) or (H, W, 3) of one frame, and the photometric interpretation they now have.

    Raises UnreadableImage where the data contradicts the header, UndecodablePixels where no codec can read it.
    """
    raw = elements.value(header.keyword)
    if not isinstance(raw, bytes):
        raise damaged(f"{header.keyword} is empty")
    fragmented = elements.dataset[header.keyword].is_undefined_length
    if syntax not in _NATIVE:
        values, photometric = _compressed(_fragment(elements, raw, header, frame), header, syntax)
    elif fragmented:
        raise UndecodablePixels("This DICOM file", f"its pixels are compressed, but it says {syntax.name}", _REMEDY)
    else:
        values, photometric = _native(raw, elements.dataset[header.keyword].VR, header, syntax, frame)
    return values >> _surplus(header) if _surplus(header) else values, photometric


def _native(raw: bytes, vr: str, header: ImageHeader, syntax: UID, frame: int) -> tuple[Stored, str]:
    needed = -(-header.frame_bits * (frame + 1) // 8)
    if len(raw) < needed:
        raise damaged(f"its pixel data has {len(raw):,} bytes, and the header announces {needed:,}")
    options = _options(header, number_of_frames=frame + 1, pixel_vr=vr)
    try:
        values, properties = get_decoder(syntax).as_array(raw, index=frame, **options)
    except (ValueError, NotImplementedError, AttributeError):
        raise damaged("its pixel data contradicts its header") from None
    return values, str(properties["photometric_interpretation"])


def _fragment(elements: Elements, raw: bytes, header: ImageHeader, frame: int) -> bytes:
    offsets, lengths = elements.value("ExtendedOffsetTable"), elements.value("ExtendedOffsetTableLengths")
    table = (offsets, lengths) if offsets and lengths else None
    try:
        stream = get_frame(raw, frame, number_of_frames=header.frames, extended_offsets=table)
    except Exception:  # noqa: BLE001 - raises anything on damaged fragments
        raise damaged("its compressed pixel data breaks off or is damaged") from None
    return without_jp2_wrapper(stream)


def _compressed(stream: bytes, header: ImageHeader, syntax: UID) -> tuple[Stored, str]:
    name = f"{syntax.name} ({syntax})" if syntax.is_transfer_syntax else _digits(syntax)
    plugin = _PLUGINS.get(syntax)
    if plugin is None:
        raise UndecodablePixels("This DICOM file", f"there is no decoder for transfer syntax {name}", _REMEDY)
    decoder = get_decoder(syntax)
    if plugin not in decoder.available_plugins:
        missing = "; ".join(decoder.missing_dependencies)
        raise UndecodablePixels(
            "This DICOM file", f"transfer syntax {name} needs a decoder that is not installed ({missing})", _REMEDY
        )
    options = _options(header)
    size = declared(stream)
    if syntax != RLELossless:
        _compare(size, header, name)
    if syntax in (JPEGBaseline8Bit, JPEGExtended12Bit) and size is not None:
        options |= {"bits_allocated": 8 if size.precision == 8 else 16, "bits_stored": size.precision}
        if size.precision == 12:
            syntax = JPEGLosslessSV1  # GDCM looks at the stream alone; pydicom keeps 12-bit Extended away from it
    try:
        return codec.decode({"syntax": syntax, "plugin": plugin, "options": options}, stream)
    except CodecFailed:
        raise UndecodablePixels(
            "This DICOM file",
            f"its pixels can't be decoded: they are damaged, or of a rare kind of transfer syntax {name}",
            _REMEDY,
        ) from None


def _digits(syntax: UID) -> str:
    """A UID that is not in the dictionary, where it is one: anything else might be a name."""
    return str(syntax) if re.fullmatch(r"[0-9.]{1,64}", syntax) else "(not a legal UID)"


def _compare(size: Declared | None, header: ImageHeader, name: str) -> None:
    if size is None:
        raise UndecodablePixels("This DICOM file", f"its pixel data does not start as {name} must", _REMEDY)
    wanted = (header.rows, header.columns, header.samples)
    if size[:3] != wanted:
        raise damaged(
            "the header says {} x {} pixels of {} samples, and its pixel data {} x {} of {}".format(*wanted, *size[:3])
        )
    if size.precision > header.bits_allocated:
        raise damaged(f"the header allocates {header.bits_allocated} bits, and its pixel data has {size.precision}")


def _options(header: ImageHeader, **more: Any) -> dict[str, Any]:
    return {
        "pixel_keyword": header.keyword,
        "rows": header.rows,
        "columns": header.columns,
        "number_of_frames": 1,
        "samples_per_pixel": header.samples,
        "photometric_interpretation": header.photometric,
        "planar_configuration": header.planar,
        "bits_allocated": header.bits_allocated,
        "bits_stored": header.high_bit + 1,
        "pixel_representation": int(header.signed),
        **more,
    }


def _surplus(header: ImageHeader) -> int:
    """Bits below the stored ones, which old files used for overlays."""
    return header.high_bit + 1 - header.bits_stored if header.keyword == "PixelData" else 0
