"""A derived picture as a DICOM Secondary Capture (PS3.3 A.8.1) that names no patient."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from core.values import Case

_EMPTY = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    *("StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName"),
    *("SeriesNumber", "InstanceNumber", "Manufacturer"),
)


@dataclass(frozen=True)
class Derived:
    """What a file says of itself: kind, a short word that is part of its identifiers; its series description (at most
    64 characters), its comment, and how it was derived."""

    kind: str
    series: str
    comment: str
    derivation: str


def secondary_capture(pixels: npt.NDArray[np.uint8], case: Case, derived: Derived) -> bytes:
    """The file of pixels (H, W, 1 or 3), which lie on the case and take over its pixel spacing and orientation.

    Identifiers follow from case and pixels, so the same picture is the same instance.
    """
    rows, columns, samples = pixels.shape
    data = FileDataset("", Dataset(), preamble=b"\0" * 128)
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = SecondaryCaptureImageStorage
    digest = hashlib.sha256(np.ascontiguousarray(pixels).data).hexdigest()
    instance = generate_uid(entropy_srcs=[derived.kind, case.id, digest])
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = instance
    data.StudyInstanceUID = generate_uid(entropy_srcs=["study", case.id])
    data.SeriesInstanceUID = generate_uid(entropy_srcs=["series", derived.kind, case.id])
    data.SpecificCharacterSet = "ISO_IR 192"
    for empty in _EMPTY:
        setattr(data, empty, None)
    data.Modality = "OT"
    data.ConversionType = "WSD"
    data.ImageType = ["DERIVED", "SECONDARY"]
    data.SeriesDescription = derived.series
    data.DerivationDescription = derived.derivation
    data.ImageComments = derived.comment
    data.PatientOrientation = list(case.orientation) if case.orientation else None
    if case.spacing_mm is not None:
        data.PixelSpacing = [f"{spacing:.10g}" for spacing in case.spacing_mm]
    data.SamplesPerPixel = samples
    data.PhotometricInterpretation = "MONOCHROME2" if samples == 1 else "RGB"
    if samples > 1:
        data.PlanarConfiguration = 0
    data.Rows, data.Columns = rows, columns
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PixelData = pixels.tobytes() + b"\0" * (pixels.size % 2)
    stream = io.BytesIO()
    data.save_as(stream, enforce_file_format=True)
    return stream.getvalue()
