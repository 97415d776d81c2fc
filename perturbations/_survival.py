"""What is left of a perturbation when the picture is saved: rounded to 8 bits, compressed as JPEG."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.classifier import Classifier
from core.values import Floats, Goal, Reached, Saved

JPEG_QUALITY = 95


def survival(model: Classifier, perturbed: Floats, goal: Goal, *, saving: bool = True) -> Reached:
    """Whether perturbed (C, h, w) in [0, 1] reaches the goal as it is, in one pass, and after saving, in one of two
    images, unless that is not asked for."""
    as_float = goal.reached(model.predict(perturbed))
    if not saving:
        return Reached(as_float, None)
    return Reached(as_float, Saved(*map(goal.reached, model.predict_batch(as_saved(perturbed)))))


def as_saved(pixels: Floats) -> Floats:
    """(C, h, w) in [0, 1] -> (2, C, h, w): the same rounded to 8 bits, and as JPEG of quality 95."""
    return np.stack([through_eight_bits(pixels), through_jpeg(pixels, JPEG_QUALITY)])


def through_eight_bits(pixels: Floats) -> Floats:
    """Values in [0, 1] -> the nearest of 256 gray levels, again in [0, 1]."""
    return _gray_levels(pixels).astype(np.float32) / np.float32(255)


def through_jpeg(pixels: Floats, quality: int) -> Floats:
    """(C, h, w) in [0, 1] -> the same after JPEG; one channel stays gray, colors are halved in resolution (4:2:0).

    quality in [1, 100] is the scale of the Independent JPEG Group.
    """
    levels = _gray_levels(pixels)
    picture = Image.fromarray(levels[0] if len(levels) == 1 else np.ascontiguousarray(levels.transpose(1, 2, 0)))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    decoded = np.asarray(Image.open(file), dtype=np.float32) / np.float32(255)
    return np.ascontiguousarray(decoded.reshape(*decoded.shape[:2], len(levels)).transpose(2, 0, 1))


def _gray_levels(pixels: Floats) -> npt.NDArray[np.uint8]:
    return np.rint(pixels * 255).astype(np.uint8)
