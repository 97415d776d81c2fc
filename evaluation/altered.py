"""A changed picture as a file that says what it is: a mark in its metadata that it is not for clinical use, no patient.

PNG and NPY hold what the model sees; DICOM holds the whole case, with the change laid over it at its own resolution.
"""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from core.values import Case, Floats, Geometry, Perturbation
from evaluation.goals import wanted
from evaluation.words import NOTICE
from imaging.geometry import recolored, to_case
from perturbations import PERTURBATIONS, Threat

UNMEANT = (Threat.CONTROL, Threat.ARTIFACT)


def mark(perturbation: Perturbation) -> str:
    """What each file is marked with."""
    meant = PERTURBATIONS[perturbation.method].threat not in UNMEANT
    return f"{'ADVERSARIAL' if meant else 'ALTERED'} - not for clinical use"


def made_by(perturbation: Perturbation, model: str) -> str:
    """ "Projected gradient descent (epsilon 1.0, steps 20), seed 0, to hide a finding from cxr_pneumonia"; nobody wants
    anything with an accident."""
    settings = ", ".join(f"{name} {value}" for name, value in perturbation.params.items())
    method = PERTURBATIONS[perturbation.method]
    made = f"{method.name}{f' ({settings})' if settings else ''}, seed {perturbation.seed}"
    if method.threat in UNMEANT:
        return f"{made}, before {model}"
    goals = {"hide": "hide a finding from", "induce": "induce a finding in", "keep": "move the map of"}
    return f"{made}, to {goals[wanted(perturbation)]} {model}"


def as_png(perturbation: Perturbation, model: str) -> bytes:
    """The changed picture in the frame of the model, in 8 bits; its text chunks carry the mark."""
    texts = PngInfo()
    for keyword, text in (
        ("Title", mark(perturbation)),
        ("Warning", NOTICE),
        ("Description", made_by(perturbation, model)),
        ("Software", "Second Look"),
    ):
        texts.add_text(keyword, text)
    stream = io.BytesIO()
    levels = _levels(perturbation.perturbed.transpose(1, 2, 0))
    Image.fromarray(levels[..., 0] if levels.shape[2] == 1 else levels).save(stream, "PNG", pnginfo=texts)
    return stream.getvalue()


def as_npy(perturbation: Perturbation) -> bytes:
    """The changed picture (C, h, w) float32 in [0, 1] as it was computed. The format has no place for a mark."""
    stream = io.BytesIO()
    np.save(stream, perturbation.perturbed, allow_pickle=False)
    return stream.getvalue()


def as_dicom(perturbation: Perturbation, model: str, case: Case, geometry: Geometry) -> bytes:
    """The changed case, in 8 bits, as a Secondary Capture; its description, comment and series carry the mark."""
    from imaging.secondary_capture import Derived, secondary_capture  # with pydicom, which only a file needs

    marked = mark(perturbation)
    derived = Derived(
        kind="altered",
        series=marked,
        comment=f"{marked}. {NOTICE}",
        derivation=f"{marked}. {made_by(perturbation, model)}.",
    )
    return secondary_capture(_levels(laid_over(case, perturbation, geometry)), case, derived)


def laid_over(case: Case, perturbation: Perturbation, geometry: Geometry) -> Floats:
    """The case (H, W, C) in [0, 1] with the change laid over the part that the model sees, in color if either is."""
    planes = [to_case(plane, geometry) for plane in perturbation.perturbed - perturbation.clean]
    change = np.stack(planes, axis=2)
    base = recolored(case.pixels, max(case.pixels.shape[2], change.shape[2]))
    laid: Floats = (base + change).clip(0.0, 1.0)
    return laid


def _levels(pixels: Floats) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(np.rint(pixels * 255).astype(np.uint8))
