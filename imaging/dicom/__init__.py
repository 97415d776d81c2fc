"""DICOM bytes -> one frame as a display shows it (PS3.3, PS3.5, PS3.10), with pydicom."""

from __future__ import annotations

import logging

from core.errors import UnreadableImage
from core.values import Modality
from imaging.dicom.decode import stored_values
from imaging.dicom.display import displayed
from imaging.dicom.elements import Elements
from imaging.dicom.header import ImageHeader, pixel_keyword, read_frames, read_header
from imaging.dicom.orientation import orientation_of
from imaging.dicom.parsing import DicomFile, class_name, parse
from imaging.picture import Picture
from imaging.terms import (
    BODY_PARTS,
    CHEST,
    LATERALITIES,
    MEANING,
    MEANING_OF_CLASS,
    MODALITY_CODES,
    UNSPECIFIC,
    VIEWS,
)

logging.getLogger("pydicom").propagate = False  # it logs the values it stumbles over, and they may name a patient

_SPACINGS = {
    "PixelSpacing": "",
    "ImagerPixelSpacing": "Pixel spacing is measured at the detector: the anatomy itself is smaller.",
    "NominalScannedPixelSpacing": "Pixel spacing is that of the film scanner: the anatomy itself is smaller.",
}


def is_dicom(data: bytes) -> bool:
    """Whether the bytes are a DICOM file, or start as a bare data set does: with an element of group 2 or 8."""
    if data[128:132] == b"DICM" or data[:4] == b"DICM":
        return True
    return (data[:2] in (b"\x02\x00", b"\x08\x00") and data[3:4] == b"\x00") or data[:3] == b"\x00\x08\x00"


def frame_count(data: bytes) -> int:
    """How many frames the header announces; raises InputError."""
    return read_frames(Elements(parse(data, pixels=False).dataset))


def read(data: bytes, frame: int) -> Picture:
    """One frame, the few header fields that are kept, and notes on what was decided; raises InputError."""
    file = parse(data, pixels=True)
    elements = Elements(file.dataset, frame, little_endian=file.little_endian)
    keyword = pixel_keyword(elements)
    if keyword is None:
        kind = class_name(file.sop_class)
        raise UnreadableImage(
            "This DICOM file",
            f"it has no pixel data; its class is {kind}" if kind else "it has no pixel data",
            "It may be cut off: export it again. Or choose the file that holds the image itself.",
        )
    notes: list[str] = []
    header = read_header(elements, keyword, frame, notes)
    if file.guessed:
        notes.append(f"The file names no transfer syntax; read as {file.syntax.name}.")
    stored, photometric = stored_values(elements, header, file.syntax, frame)
    pixels, grays = displayed(stored, photometric, elements, header, notes)
    spacing = _spacing(elements, notes)
    return Picture(
        pixels=pixels,
        source=_source(elements, header, file, frame),
        notes=notes + _warnings(elements),
        spacing_mm=spacing,
        modality=_modality(elements, file),
        grays=grays,
        orientation=orientation_of(elements),
    )


def _source(elements: Elements, header: ImageHeader, file: DicomFile, frame: int) -> dict[str, str]:
    laterality = elements.term("ImageLaterality", LATERALITIES) or elements.term("Laterality", LATERALITIES)
    fields = {
        "format": "DICOM",
        "modality": elements.term("Modality", MODALITY_CODES),
        "body part": elements.term("BodyPartExamined", BODY_PARTS),
        "view": elements.term("ViewPosition", VIEWS),
        "laterality": laterality,
        "photometric interpretation": header.photometric,
        "bits stored": str(header.bits_stored),
        "rows x columns": f"{header.rows} x {header.columns}",
        "frame": f"{frame + 1} of {header.frames}" if header.frames > 1 else None,
        "transfer syntax": file.syntax.name,
    }
    return {name: value for name, value in fields.items() if value}


def _spacing(elements: Elements, notes: list[str]) -> tuple[float, float] | None:
    """Row and column spacing in mm (PS3.3 10.7.1.3) from the first element that has a usable one."""
    for keyword, note in _SPACINGS.items():
        numbers = elements.numbers(keyword)
        if len(numbers) == 2 and min(numbers) > 0:
            if note:
                notes.append(note)
            return numbers[0], numbers[1]
    return None


def _modality(elements: Elements, file: DicomFile) -> Modality | None:
    code = elements.term("Modality", MEANING)
    return MEANING[code] if code else MEANING_OF_CLASS.get(file.sop_class)


def _warnings(elements: Elements) -> list[str]:
    warnings = []
    body_part = elements.term("BodyPartExamined", BODY_PARTS - CHEST)
    code = elements.term("Modality", MODALITY_CODES)
    if body_part and MEANING.get(code or "") == "cxr":
        warnings.append(f"The header says body part {body_part}: this is no chest X-ray.")
    if code and code not in MEANING and code not in UNSPECIFIC:
        warnings.append(f"The header says modality {code}, for which there is no classifier here.")
    if elements.term("BurnedInAnnotation", {"YES"}):
        warnings.append("The header says that identifying text is burned into the picture.")
    return warnings
