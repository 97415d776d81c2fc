"""Tiny DICOM and raster files, made in memory."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
from PIL import Image
from pydicom import Dataset, FileDataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    generate_uid,
)

NATIVE = {ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian}


def item(**elements: Any) -> Dataset:
    """An item of a sequence."""
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def lut(descriptor: list[int], data: list[int] | bytes) -> Dataset:
    """An item of a Modality or VOI LUT sequence; bytes are words in the byte order of the file."""
    made = item(LUTDescriptor=descriptor, LUTData=data)
    made["LUTData"].VR = "OW" if isinstance(data, bytes) else "US"
    return made


def dataset(pixels: np.ndarray | bytes, *, syntax: str = ExplicitVRLittleEndian, **elements: Any) -> FileDataset:
    """A data set around pixels; what the pixels imply about the header is set, elements come on top, None deletes.

    An array is (H, W) or (H, W, 3); bytes are compressed fragments, or raw values.
    """
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["tiny"])
    made = FileDataset(None, {}, file_meta=meta, preamble=bytes(128))
    made.SOPClassUID = ComputedRadiographyImageStorage
    made.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    if isinstance(pixels, np.ndarray):
        samples = pixels.shape[2] if pixels.ndim == 3 else 1
        bits = 8 * pixels.dtype.itemsize
        made.Rows, made.Columns, made.SamplesPerPixel = *pixels.shape[:2], samples
        made.PhotometricInterpretation = "RGB" if samples == 3 else "MONOCHROME2"
        made.BitsAllocated, made.BitsStored, made.HighBit = bits, bits, bits - 1
        made.PixelRepresentation = int(pixels.dtype.kind == "i")
        if samples == 3:
            made.PlanarConfiguration = 0
        order = ">" if syntax == ExplicitVRBigEndian else "<"
        pixels = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    elements = {"PixelData": pixels + b"\0" * (len(pixels) % 2), **elements}
    for keyword, value in elements.items():
        if value is None:
            made.pop(keyword, None)
        else:
            setattr(made, keyword, value)
    if "PixelData" in made:
        made["PixelData"].VR = "OB" if syntax not in NATIVE or made.get("BitsAllocated", 8) <= 8 else "OW"
        made["PixelData"].is_undefined_length = syntax not in NATIVE
    return made


def written(made: Dataset) -> bytes:
    """The bytes of a DICOM file."""
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dcmwrite(stream, made, enforce_file_format=True)
    return stream.getvalue()


def dicom(pixels: np.ndarray | bytes, *, syntax: str = ExplicitVRLittleEndian, **elements: Any) -> bytes:
    """The bytes of a DICOM file around pixels, see dataset."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return written(dataset(pixels, syntax=syntax, **elements))


def raster(pixels: np.ndarray | Image.Image, format: str = "PNG", **options: Any) -> bytes:
    """The bytes of a picture file."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    stream = io.BytesIO()
    image.save(stream, format=format, **options)
    return stream.getvalue()
