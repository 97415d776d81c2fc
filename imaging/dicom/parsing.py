"""Bytes -> the listed elements of a DICOM file. Everything else, whom it shows above all, is never parsed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from io import BytesIO

from pydicom import Dataset, dcmread
from pydicom.filereader import read_dataset, read_preamble
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from core.errors import LimitExceeded
from imaging.dicom.elements import damaged
from imaging.limits import MAX_BYTES, check_bytes
from imaging.terms import ELEMENTS

_MAX_READS = 300_000


@dataclass(frozen=True, eq=False)
class DicomFile:
    """The listed elements; the transfer syntax, and whether it had to be guessed; the SOP class as a UID."""

    dataset: Dataset
    syntax: UID
    guessed: bool
    sop_class: str

    @property
    def little_endian(self) -> bool:
        """Byte order of words in the data set."""
        return self.syntax != ExplicitVRBigEndian


def parse(data: bytes, *, pixels: bool) -> DicomFile:
    """Read a DICOM file, also one without preamble or meta information; pixels: whether to read the pixel data.

    Raises UnreadableImage or LimitExceeded.
    """
    if data.startswith(b"DICM"):
        data = bytes(128) + data
    stream = _Metered(data)
    try:
        read_preamble(stream, force=True)
        meta = read_dataset(stream, False, True, stop_when=lambda tag, _vr, _length: tag >> 16 != 2)
        named = str(meta.get("TransferSyntaxUID") or "")
        if named == DeflatedExplicitVRLittleEndian:
            stream = _Metered(_inflated(stream.read()))
        else:
            stream.seek(0)
        dataset = dcmread(stream, force=True, specific_tags=sorted(ELEMENTS), stop_before_pixels=not pixels)
        named = named or str(dataset.file_meta.get("TransferSyntaxUID") or "")
        sop_class = str(dataset.get("SOPClassUID") or meta.get("MediaStorageSOPClassUID") or "")
    except LimitExceeded:
        raise
    except Exception:  # noqa: BLE001 - the parser raises anything on damaged bytes, and quotes them
        raise damaged("it is damaged or breaks off before its picture") from None
    return DicomFile(dataset, UID(named) if named else _guess(dataset), not named, sop_class)


def class_name(sop_class: str) -> str | None:
    """The SOP class in words, e.g. "Media Storage Directory Storage"."""
    name = UID(sop_class).name
    return name if name != sop_class else None


def _guess(dataset: Dataset) -> UID:
    implicit, little_endian = dataset.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little_endian else ExplicitVRBigEndian


class _Metered(BytesIO):
    """Bytes that can be read so many times: millions of tiny elements would take minutes to parse."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.left = _MAX_READS

    def read(self, size: int | None = -1) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise LimitExceeded(
                "This DICOM file", f"takes more than {_MAX_READS:,} reads to parse", "Export the picture."
            )
        return super().read(size)


def _inflated(deflated: bytes) -> bytes:
    """Raw deflate (PS3.5 A.5); raises LimitExceeded beyond MAX_BYTES."""
    inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(deflated, MAX_BYTES + 1)
    check_bytes(len(inflated), "What this deflated file inflates to")
    return inflated
