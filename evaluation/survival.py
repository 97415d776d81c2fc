"""What is left of a change once the picture is saved and read again, beside the clean picture saved in the same way."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from core.classifier import Classifier
from core.values import Case, Floats, Geometry, ModelCard, Perturbation, Prediction
from evaluation.altered import as_dicom, as_png, laid_over
from evaluation.session import fitted
from imaging.geometry import to_model
from imaging.read import read_case
from perturbations import through_eight_bits, through_jpeg

WAYS: Mapping[str, str] = {
    "float": "As computed",
    "eight_bit": "Rounded to 8 bits",
    "png": "Saved as PNG and read again",
    "jpeg_95": "Saved as JPEG, quality 95",
    "jpeg_75": "Saved as JPEG, quality 75",
    "native_size": "Resized to the size of the case and back",
    "dicom": "Saved as DICOM at the size of the case, and read again",
}


@dataclass(frozen=True, eq=False)
class Survived:
    """What the model says of the clean and of the perturbed picture after one of WAYS; reached: whether the perturbed
    one still reaches the goal."""

    way: str
    clean: Prediction
    perturbed: Prediction
    reached: bool


def survival(model: Classifier, perturbation: Perturbation, case: Case, geometry: Geometry) -> tuple[Survived, ...]:
    """Each of WAYS, in one pass of fourteen images. case and geometry are those that the perturbation was made of.

    PNG and DICOM are the files of evaluation.altered, read as an upload is. Raises InputError where such a file is
    larger than what may be read.
    """
    without = dataclasses.replace(perturbation, perturbed=perturbation.clean)
    versions = [*_versions(perturbation, case, geometry, model.card), *_versions(without, case, geometry, model.card)]
    predictions = model.predict_batch(np.stack(versions))
    perturbed, clean = predictions[: len(WAYS)], predictions[len(WAYS) :]
    return tuple(
        Survived(way, before, after, perturbation.goal.reached(after))
        for way, before, after in zip(WAYS, clean, perturbed, strict=True)
    )


def _versions(perturbation: Perturbation, case: Case, geometry: Geometry, card: ModelCard) -> Iterator[Floats]:
    """The perturbed picture (C, h, w) after each of WAYS, in their order."""
    pixels, channels = perturbation.perturbed, card.input.channels
    yield pixels
    yield through_eight_bits(pixels)
    yield _as_read(as_png(perturbation, card.key), case, card)
    yield through_jpeg(pixels, 95)
    yield through_jpeg(pixels, 75)
    yield to_model(laid_over(case, perturbation, geometry), geometry, channels)
    yield _as_read(as_dicom(perturbation, card.key, case, geometry), case, card)


def _as_read(data: bytes, case: Case, card: ModelCard) -> Floats:
    return fitted(read_case(data, modality=case.modality), card).pixels
