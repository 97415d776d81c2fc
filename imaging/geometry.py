"""Case pixels <-> model pixels. Every picture a model ever sees went through to_model, in training and in use."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

from core.values import Floats, Geometry, InputSpec

LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601


def geometry_of(pixels: Floats, spec: InputSpec) -> Geometry:
    """Where on a case (H, W, C) the model of this spec looks."""
    height, width = pixels.shape[:2]
    box = field_of_view(pixels) if spec.fit == "fov" else (0, 0, height, width)
    return Geometry((height, width), box, spec.size)


def to_model(pixels: Floats, geometry: Geometry, channels: int) -> Floats:
    """(H, W, C) in [0, 1] -> (channels, size, size) in [0, 1]: recolored, cropped, resized with antialiasing."""
    top, left, bottom, right = geometry.box
    planes = recolored(pixels, channels).transpose(2, 0, 1)
    size = (geometry.size, geometry.size)
    resized = [
        Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR, box=(left, top, right, bottom))
        for plane in np.ascontiguousarray(planes)
    ]
    stacked: Floats = np.stack([np.asarray(plane, dtype=np.float32) for plane in resized])
    return stacked.clip(0.0, 1.0)


def to_case(heat: Floats, geometry: Geometry) -> Floats:
    """(h, w) in the model frame -> (H, W) in the case frame, bilinear, zero where the model does not look."""
    top, left, bottom, right = geometry.box
    image = Image.fromarray(np.asarray(heat, dtype=np.float32))
    resized = image.resize((right - left, bottom - top), Image.Resampling.BILINEAR)
    canvas: Floats = np.zeros(geometry.case_shape, dtype=np.float32)
    canvas[top:bottom, left:right] = np.asarray(resized)
    return canvas


def recolored(pixels: Floats, channels: int) -> Floats:
    """(H, W, 1 or 3) -> (H, W, channels): luma for gray, repetition for RGB."""
    if pixels.shape[2] == channels:
        return pixels
    if channels == 1:
        return (pixels @ LUMA)[..., None]
    return np.repeat(pixels, channels, axis=2)


def field_of_view(pixels: Floats) -> tuple[int, int, int, int]:
    """Box (top, left, bottom, right) of the illuminated retina; the whole frame where there is no dark surround.

    Large pictures are searched on every k-th pixel, so that the shorter side has 256 to 511 of them.
    """
    height, width = pixels.shape[:2]
    stride = max(1, min(height, width) // 256)
    brightness = pixels[::stride, ::stride].max(axis=2)
    bright = brightness > 0.02 + 0.1 * np.percentile(brightness, 99)
    labeled, count = ndimage.label(ndimage.binary_opening(bright, iterations=2))
    if count == 0:
        return (0, 0, height, width)
    sizes = np.bincount(labeled.ravel())[1:]
    rows, columns = ndimage.find_objects(labeled)[int(sizes.argmax())]
    if (rows.stop - rows.start) * (columns.stop - columns.start) <= 0.25 * brightness.size:
        return (0, 0, height, width)
    bottom, right = min(height, rows.stop * stride), min(width, columns.stop * stride)
    return (rows.start * stride, columns.start * stride, bottom, right)
