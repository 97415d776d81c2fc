"""A chest CT -> a picture like a chest film: rays summed from front to back (a digitally reconstructed radiograph)."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
from scipy import ndimage

from core.errors import UnreadableImage
from core.values import Floats, Mask

WATER_PER_MM = 0.019  # linear attenuation of water at about 70 keV (NIST XCOM)
DENSEST = 1.6  # relative to water; contrast medium beyond it would outshine the bones
ORIENTATION = ("L", "F")  # of rows and columns of the film (DICOM PS3.3 C.7.6.1.1.1)


def read_nifti(path: Path) -> tuple[Floats, tuple[float, float, float]]:
    """Hounsfield units (left, front, head) and the spacing of each axis in mm, from a gzipped 16-bit NIfTI-1 file whose
    axes run toward the patient's left, front and head. Raises UnreadableImage for any other kind of file."""
    content = gzip.decompress(path.read_bytes())
    axes, *shape = np.frombuffer(content, "<i2", 4, offset=40).tolist()
    datatype = int(np.frombuffer(content, "<i2", 1, offset=70)[0])
    if content[344:347] != b"n+1" or axes != 3 or datatype != 4:
        why = f"it has {axes} axes and data type {datatype}; a NIfTI-1 volume of 16-bit integers has 3 and 4"
        raise UnreadableImage(path.name, why, "Convert the CT to NIfTI-1, int16.")
    spacing = np.frombuffer(content, "<f4", 3, offset=80).tolist()
    start, slope, intercept = np.frombuffer(content, "<f4", 3, offset=108).tolist()
    stored = np.frombuffer(content, "<i2", int(np.prod(shape)), offset=int(start)).reshape(shape, order="F")
    affine = np.frombuffer(content, "<f4", 12, offset=280).reshape(3, 4)[:, :3]
    if not np.allclose(affine, np.diag([-spacing[0], spacing[1], spacing[2]])):
        why = f"its axes are oriented {affine.tolist()}"
        raise UnreadableImage(path.name, why, "Reorient the CT so that its axes run to the left, front and head.")
    return stored.astype(np.float32) * slope + intercept, (spacing[0], spacing[1], spacing[2])


def chest_film(
    hounsfield: Floats, spacing: tuple[float, float, float], turn: float, pixel_mm: float
) -> tuple[Floats, Mask]:
    """Film (H, W) in [0, 1], bright where much is absorbed, and the lungs' shadow (H, W).

    hounsfield (left, front, head); turn: degrees by which the patient is turned about the long axis; pixel_mm: spacing
    of the result. The patient's right is on the viewer's left, the head is up, and the film ends below the lungs.
    """
    body = _body(hounsfield)
    lungs = _lungs(hounsfield, body)
    density = np.where(body, np.clip(1 + hounsfield / 1000, 0, DENSEST), 0).astype(np.float32)
    absorbed = _summed(density, spacing, turn, pixel_mm) * WATER_PER_MM
    shadow = _summed(lungs.astype(np.float32), spacing, turn, pixel_mm) > 30
    lowest = int(np.flatnonzero(shadow.any(axis=1)).max()) + round(30 / pixel_mm)
    absorbed, shadow = absorbed[:lowest], shadow[:lowest]
    return _developed(absorbed, pixel_mm), shadow


def _body(hounsfield: Floats) -> Mask:
    """The patient without table and blankets: the largest solid part, its hollows filled slice by slice."""
    solid = ndimage.binary_opening(hounsfield > -400, iterations=2)
    parts, _ = ndimage.label(solid)
    sizes = np.bincount(parts.ravel())
    body: Mask = parts == 1 + int(sizes[1:].argmax())
    for level in range(body.shape[2]):
        body[:, :, level] = ndimage.binary_fill_holes(body[:, :, level])
    grown: Mask = ndimage.binary_dilation(body, iterations=2)
    return grown


def _lungs(hounsfield: Floats, body: Mask) -> Mask:
    """The largest air-filled parts of the body."""
    parts, _ = ndimage.label(ndimage.binary_opening((hounsfield < -600) & ndimage.binary_erosion(body, iterations=6)))
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    lungs: Mask = np.isin(parts, np.flatnonzero(sizes > 0.25 * sizes.max()))
    return lungs


def _summed(volume: Floats, spacing: tuple[float, float, float], turn: float, pixel_mm: float) -> Floats:
    """Ray sum from front to back in units times mm, (H, W), head up, resampled to square pixels."""
    turned = ndimage.rotate(volume, turn, axes=(0, 1), reshape=False, order=1) if turn else volume
    rays = turned.sum(axis=1).T[::-1] * spacing[1]
    film: Floats = ndimage.zoom(rays, (spacing[2] / pixel_mm, spacing[0] / pixel_mm), order=3)
    return film


def _developed(absorbed: Floats, pixel_mm: float) -> Floats:
    """Line integrals -> brightness: windowed, with large differences compressed in favor of fine detail, as digital
    radiography does."""
    low, high = np.percentile(absorbed[absorbed > 0.3], [1, 99.5])
    window = np.clip((absorbed - low) / (high - low), 0, 1)
    coarse = ndimage.gaussian_filter(window, 14 / pixel_mm)
    fine = ndimage.gaussian_filter(window, 3 / pixel_mm)
    detailed = 0.5 + 0.8 * (coarse - 0.5) + 1.3 * (fine - coarse) + 1.7 * (window - fine)
    exposed = np.clip(absorbed / 0.6, 0, 1)
    return np.asarray(np.clip(detailed * exposed, 0, 1), dtype=np.float32)
