"""Is this image for this model? Asked before any prediction: of the header, of the picture, and of its features.

Limits leave at least 99 % of the training pictures in scope; the constants say what was measured. The training pictures
of chest and skin were squashed to a square by their publishers, so the limit on the shape rests on 267 chest X-rays
and 417 dermoscopy images of external sets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import torch

from core.classifier import Classifier
from core.errors import OutOfScope
from core.values import Case, Caution, Floats, InputSpec, ModelCard
from evaluation.words import percent
from imaging.geometry import geometry_of, to_model
from imaging.modality import contradicted, look_of
from imaging.terms import CHEST, EYE, FRONTAL, MEANING, UNSPECIFIC

NAMES = {"cxr": "chest X-rays", "dermoscopy": "dermoscopy images", "fundus": "fundus photographs"}
BODY_PARTS = {"cxr": CHEST, "fundus": EYE}
BLANK = 0.05  # between the 1st and the 99th percentile of brightness; the training pictures have at least 0.08
FLAT = 0.5  # share of the pixels that equal their neighbors; pictures of all sets have at most 0.4
BLACK, WHITE = 0.02, 0.98  # beyond, pictures are flat too
SMALL = 0.5  # of the side of what the model sees
LONGEST = {"squash": 2.0, "fov": 1.5}  # long side / short side; at most 1.55 in the sets, and 1.21 in fields of view

_distances: WeakKeyDictionary[object, dict[str, float]] = WeakKeyDictionary()  # {Classifier.distance: {case: distance}}


@dataclass(frozen=True)
class Objection:
    """Why a model should not be asked about a case: the rule as a short key, and as a sentence what was found and
    what the model wants."""

    rule: str
    reason: str


class NotSuitable(OutOfScope):
    """A model is not asked about a case; objections says why."""

    def __init__(self, card: ModelCard, found: tuple[Objection, ...]) -> None:
        reasons = " ".join(objection.reason for objection in found).removesuffix(".")
        remedy = 'Choose another model or image, or "Show anyway" (--anyway).'
        super().__init__("Out of scope", f"this is no image for {card.name!r}. {reasons}", remedy)
        self.objections = found


def admit(case: Case, model: Classifier, *, anyway: bool = False) -> tuple[Caution, ...]:
    """Raise NotSuitable where there are objections; those that the user overrides become cautions."""
    found = objections(case, model)
    if found and not anyway:
        raise NotSuitable(model.card, found)
    return tuple(Caution("prediction", objection.reason) for objection in found)


def objections(case: Case, model: Classifier) -> tuple[Objection, ...]:
    """What speaks against asking the model about the case; features are looked at only where nothing else does."""
    return case_objections(case, model.card) or tuple(_features(case, model))


def case_objections(case: Case, card: ModelCard) -> tuple[Objection, ...]:
    """What header and picture say, without the network; large pictures are judged by every k-th pixel."""
    spec, names = card.input, NAMES[card.input.modality]
    if case.modality != spec.modality:
        return (Objection("modality", f"The model was made for {names}, not for {NAMES[case.modality]}."),)
    stride = max(1, min(case.pixels.shape[:2]) // 256)
    sample = case.pixels[::stride, ::stride]
    shown = tuple(_blank(sample)) or (*_look(case, spec), *_drawing(sample))
    return (*_header(case, spec), *shown, *_size(case, spec))


def _header(case: Case, spec: InputSpec) -> Iterator[Objection]:
    wanted, names = spec.modality, NAMES[spec.modality]
    code, part, view = (case.source.get(field) for field in ("modality", "body part", "view"))
    if code and code not in UNSPECIFIC and MEANING.get(code) != wanted:
        legal = ", ".join(code for code, meaning in MEANING.items() if meaning == wanted)
        yield Objection("modality", f"The header says modality {code}, and the model reads {names} ({legal}).")
    if part and part not in BODY_PARTS.get(wanted, {part}):
        yield Objection("body part", f"The header says body part {part}, and the model reads {names}.")
    elif view and view not in FRONTAL and wanted == "cxr":
        legal = " or ".join(sorted(FRONTAL))
        yield Objection("view", f"The header says view {view}, and the model reads frontal {names} ({legal}).")


def _look(case: Case, spec: InputSpec) -> Iterator[Objection]:
    wanted, names = spec.modality, NAMES[spec.modality]
    look = look_of(case.pixels)
    other = case.source.get("looks like") or contradicted(case.pixels, wanted)
    if look.gray and wanted != "cxr":
        yield Objection("color", f"The image is gray, and the model reads {names} in color.")
    elif other and wanted == "cxr":
        yield Objection("color", f"The image has colors, like {NAMES[other]}, and the model reads gray {names}.")
    elif other:
        yield Objection("look", f"Colors and corners are those of {NAMES[other]}, and the model reads {names}.")
    elif spec.fit == "fov" and not look.surrounded:
        yield Objection("crop", "The image has no dark surround, and the model needs to see the whole field of view.")


def _blank(sample: Floats) -> Iterator[Objection]:
    low, high = np.percentile(sample.max(axis=2), [1, 99])
    if high - low < BLANK:
        found = f"its brightness spans {high - low:.2f} of the range from black to white"
        yield Objection("blank", f"The image is nearly blank: {found}, and the model needs at least {BLANK}.")


def _drawing(sample: Floats) -> Iterator[Objection]:
    here = sample[:-1, :-1]
    brightness = here.max(axis=2)
    between = (brightness > BLACK) & (brightness < WHITE)
    same = ((here == sample[1:, :-1]) & (here == sample[:-1, 1:])).all(axis=2)
    share = float(same[between].mean()) if between.any() else 0.0
    if share > FLAT:
        found = f"{percent(share)} of it is perfectly flat, and of a photograph or X-ray at most {percent(FLAT)}"
        yield Objection("drawing", f"The image is a drawing or a screen: {found}.")


def _size(case: Case, spec: InputSpec) -> Iterator[Objection]:
    height, width = case.pixels.shape[:2]
    least = round(SMALL * spec.size)
    if min(height, width) < least:
        found = f"The image has {height} x {width} pixels"
        yield Objection("size", f"{found}, and the model needs at least {least} on the shorter side.")
    top, left, bottom, right = geometry_of(case.pixels, spec).box
    shorter, longer = sorted((bottom - top, right - left))
    if longer > LONGEST[spec.fit] * shorter:
        seen = "The field of view" if spec.fit == "fov" else "The image"
        found = f"One side is {longer / shorter:.1f} times the other"
        yield Objection(
            "crop", f"{seen} is too long: {found}, and the model, which squashes it, takes {LONGEST[spec.fit]}."
        )


def _features(case: Case, model: Classifier) -> Iterator[Objection]:
    limit, spec = model.card.scope, model.card.input
    if model.distance is None or limit is None:
        return
    known = _distances.setdefault(model.distance, {})
    if case.id not in known:
        pixels = to_model(case.pixels, geometry_of(case.pixels, spec), spec.channels)
        with model.lock:
            known[case.id] = float(model.distance(torch.from_numpy(pixels[None]))[0])
    distance = known[case.id]
    if not distance <= limit:
        found = f"The image is unlike those that the model was trained on: its features are {distance:.2f} away"
        yield Objection("features", f"{found}, and the model takes up to {limit:.2f}.")
