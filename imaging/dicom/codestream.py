"""What the head of a compressed frame says about its size, to be held against the DICOM header before decoding.

JPEG and JPEG-LS: ISO/IEC 10918-1 B.2.2 and 14495-1 C.2.2 (start of frame). JPEG 2000: ISO/IEC 15444-1 A.5.1 (SIZ).
"""

from __future__ import annotations

import struct
from typing import NamedTuple

_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_START_OF_FRAME = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}


class Declared(NamedTuple):
    """Size, components and bits per sample as the codestream declares them."""

    rows: int
    columns: int
    components: int
    precision: int


def declared(stream: bytes) -> Declared | None:
    """What a JPEG, JPEG-LS or JPEG 2000 codestream declares; None where it is none of these or breaks off."""
    try:
        if stream.startswith(b"\xff\xd8"):
            return _jpeg(stream)
        if stream.startswith(b"\xff\x4f\xff\x51"):
            return _jpeg2000(stream)
    except (struct.error, IndexError):
        pass
    return None


def without_jp2_wrapper(stream: bytes) -> bytes:
    """The bare JPEG 2000 codestream of a frame that was stored as a whole .jp2 file, against PS3.5 A.4.4."""
    start = stream.find(b"\xff\x4f\xff\x51") if stream[4:8] == b"jP  " else 0
    return stream[start:] if start > 0 else stream


def _jpeg(stream: bytes) -> Declared | None:
    at = 2
    while stream[at] == 0xFF:
        marker = stream[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _STANDALONE:
            at += 2
        elif marker in _START_OF_FRAME:
            precision, rows, columns, components = struct.unpack_from(">BHHB", stream, at + 4)
            return Declared(rows, columns, components, precision)
        else:
            at += 2 + max(2, struct.unpack_from(">H", stream, at + 2)[0])
    return None


def _jpeg2000(stream: bytes) -> Declared:
    right, bottom, left, top = struct.unpack_from(">IIII", stream, 8)
    components, precision = struct.unpack_from(">HB", stream, 40)
    return Declared(bottom - top, right - left, components, (precision & 0x7F) + 1)
