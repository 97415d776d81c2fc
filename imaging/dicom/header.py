"""The part of a DICOM header that says how its pixels are stored, validated before anything is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.errors import UndecodablePixels
from imaging.dicom.elements import Elements, damaged
from imaging.limits import check_frame, check_frames, check_pixels
from imaging.terms import PHOTOMETRICS, RETIRED_PHOTOMETRICS

PixelKeyword = Literal["PixelData", "FloatPixelData", "DoubleFloatPixelData"]
_BITS: dict[PixelKeyword, tuple[int, ...]] = {
    "PixelData": (1, 8, 16, 32),
    "FloatPixelData": (32,),
    "DoubleFloatPixelData": (64,),
}


@dataclass(frozen=True)
class ImageHeader:
    """Image Pixel module (PS3.3 C.7.6.3) of one frame of a file with so many frames.

    keyword names the element that holds the pixels; planar is the planar configuration; stored values use the
    bits high_bit - bits_stored + 1 to high_bit.
    """

    keyword: PixelKeyword
    rows: int
    columns: int
    frames: int
    samples: int
    photometric: str
    planar: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool

    @property
    def frame_bits(self) -> int:
        """Bits of one uncompressed frame; YBR_FULL_422 shares its chroma between two pixels."""
        bits = self.rows * self.columns * self.samples * self.bits_allocated
        return bits * 2 // 3 if self.photometric == "YBR_FULL_422" else bits


def read_frames(elements: Elements) -> int:
    """Number of frames; raises UnreadableImage or LimitExceeded."""
    frames = max(1, elements.integer("NumberOfFrames", 0, 2**31, default=1))
    check_frames(frames)
    return frames


def pixel_keyword(elements: Elements) -> PixelKeyword | None:
    """The element that holds the pixels, None where there is none."""
    return next((keyword for keyword in _BITS if keyword in elements.dataset), None)


def read_header(elements: Elements, keyword: PixelKeyword, frame: int, notes: list[str]) -> ImageHeader:
    """The validated header; what a sloppy file leaves out is assumed, and noted.

    Raises UnreadableImage, LimitExceeded, UndecodablePixels, or InputError for a frame that is not there.
    """
    frames = read_frames(elements)
    check_frame(frame, frames)
    rows = elements.integer("Rows", 1, 65535)
    columns = elements.integer("Columns", 1, 65535)
    check_pixels(rows, columns)
    samples = elements.integer("SamplesPerPixel", 1, 4, default=1)
    photometric = _photometric(elements, samples, notes)
    bits_allocated = elements.integer("BitsAllocated", 1, 64)
    if bits_allocated not in _BITS[keyword]:
        legal = ", ".join(map(str, _BITS[keyword]))
        raise damaged(f"BitsAllocated in the header is {bits_allocated}, and can be {legal} for {keyword}")
    bits_stored = elements.integer("BitsStored", 1, bits_allocated, default=bits_allocated)
    high_bit = elements.integer("HighBit", bits_stored - 1, bits_allocated - 1, default=bits_stored - 1)
    return ImageHeader(
        keyword=keyword,
        rows=rows,
        columns=columns,
        frames=frames,
        samples=samples,
        photometric=photometric,
        planar=elements.integer("PlanarConfiguration", 0, 1, default=0),
        bits_allocated=bits_allocated,
        bits_stored=bits_stored,
        high_bit=high_bit,
        signed=elements.integer("PixelRepresentation", 0, 1, default=0) == 1,
    )


def _photometric(elements: Elements, samples: int, notes: list[str]) -> str:
    given = elements.value("PhotometricInterpretation")
    known = elements.term("PhotometricInterpretation", PHOTOMETRICS)
    retired = elements.term("PhotometricInterpretation", RETIRED_PHOTOMETRICS)
    if retired:
        raise UndecodablePixels(
            "This DICOM file",
            f"its Photometric Interpretation {retired} was retired from the standard",
            "Convert it to RGB first.",
        )
    if given is None and samples in (1, 3):
        known = "MONOCHROME2" if samples == 1 else "RGB"
        notes.append(f"The header lacks a Photometric Interpretation; taken as {known}.")
    if known is None:
        raise damaged("the Photometric Interpretation in the header is none of the standard")
    if samples != PHOTOMETRICS[known]:
        raise damaged(f"the header says {samples} samples per pixel, and {known} has {PHOTOMETRICS[known]}")
    return known
