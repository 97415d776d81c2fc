"""A map as a file: a picture to show, numbers to work with, and an overlay for a DICOM viewer.

Everything that shows the map over the case has the size and the place of the case, and carries the notice.
"""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from core.values import Case
from dashboard.services import pictures
from dashboard.services.explaining import Explained
from evaluation.words import NO_EVIDENCE, NOTICE, settings, within
from explainers import EXPLAINERS
from imaging.colormaps import DIVERGING, SEQUENTIAL
from imaging.geometry import to_case
from imaging.overlay import has_evidence, overlay
from imaging.secondary_capture import Derived, secondary_capture

SMALLEST_TEXT = 11  # pixels
PLAINER = str.maketrans({"≤": "<=", "≥": ">=", "−": "-", "×": "x", "²": "^2"})
BLACK, WHITE = (0, 0, 0), (255, 255, 255)


def as_png(case: Case, explained: Explained) -> bytes:
    """The map over the case, and below it a color bar with its ends, the method, and the notice."""
    picture = _overlaid(case, explained)
    height, width = picture.shape[:2]
    text = max(SMALLEST_TEXT, min(width // 32, 28))
    strip = 7 * text
    canvas = Image.new("RGB", (width, height + strip), BLACK)
    canvas.paste(Image.fromarray(picture), (0, 0))
    draw, left, top = ImageDraw.Draw(canvas), text, height + text // 2
    colors = DIVERGING if explained.attribution.signed else SEQUENTIAL
    bar = Image.fromarray(colors[None]).resize((max(1, width - 2 * left), text))
    canvas.paste(bar, (left, top))
    for row, line in enumerate((_scale(explained), _title(explained), _settings(explained), NOTICE), 1):
        _write(draw, line, (left, top + round(row * 1.3 * text)), text, width - 2 * left)
    stream = io.BytesIO()
    canvas.save(stream, format="PNG")
    return stream.getvalue()


def as_npy(explained: Explained) -> bytes:
    """The raw heat (h, w) float32 in the frame of the model, in the unit of the method."""
    stream = io.BytesIO()
    np.save(stream, explained.attribution.heat, allow_pickle=False)
    return stream.getvalue()


def as_dicom(case: Case, explained: Explained) -> bytes:
    """The map over the case as a Secondary Capture (PS3.3 A.8.1) with rows, columns and pixel spacing of the case.

    It names no patient, and its identifiers follow from its pixels, so the same overlay is the same instance.
    """
    canvas = Image.fromarray(_overlaid(case, explained))
    text = max(SMALLEST_TEXT, min(canvas.width // 40, 28))
    draw = ImageDraw.Draw(canvas)
    draw.rectangle((0, canvas.height - 2 * text, canvas.width, canvas.height), BLACK)
    _write(draw, NOTICE, (text // 2, canvas.height - round(1.7 * text)), text, canvas.width - text)
    derivation = f"{_title(explained)}. {_settings(explained)}. {_scale(explained)}. {NOTICE}"
    return secondary_capture(
        np.asarray(canvas), case, Derived("map", "Second Look: saliency overlay", NOTICE, derivation)
    )


def ends(explained: Explained) -> tuple[str, str]:
    """The ends of its scale, in words: "≤" and "≥" where some places lie beyond."""
    low = f"{'≤ ' if explained.beyond and explained.low else ''}{explained.low:.3g}"
    high = f"{'≥ ' if explained.beyond else ''}{explained.high:.3g}"
    return low.replace("-", "−"), high.replace("-", "−")


def _overlaid(case: Case, explained: Explained) -> npt.NDArray[np.uint8]:
    attribution = explained.attribution
    heat = to_case(attribution.heat, explained.geometry)
    return overlay(case.pixels, heat, (explained.low, explained.high), attribution.signed)


def _title(explained: Explained) -> str:
    question, labels = explained.question, explained.prediction.labels
    versus = "" if question.against is None else f" rather than {labels[question.against]}"
    said = f"{EXPLAINERS[question.method].name}: {labels[question.target]}{versus}, {question.model}"
    grain = pictures.grain(explained.attribution.cells)
    return f"{said}, {grain}" if grain else said


def _settings(explained: Explained) -> str:
    """What the map depends on beside case, model and finding."""
    question = explained.question
    where = [] if question.region is None else [within("explained only", question.region)]
    point = [f"operating point {question.point}"] if question.point else []
    chosen = settings(question.explainer, question.params.as_dict())
    return ", ".join([*filter(None, [chosen]), *point, *where, f"seed {question.seed}"])


def _scale(explained: Explained) -> str:
    """The ends of the scale, or that there is nothing on it."""
    low, high = ends(explained)
    return f"{low} to {high} {explained.attribution.unit}" if has_evidence(explained.attribution) else NO_EVIDENCE


def _write(draw: ImageDraw.ImageDraw, line: str, place: tuple[int, int], size: int, width: int) -> None:
    """White text, smaller where it would not fit; the font of Pillow lacks a few signs."""
    line = line.translate(PLAINER)
    font = ImageFont.load_default(size)
    taken = draw.textlength(line, font)
    if taken > width:
        font = ImageFont.load_default(max(1, size * width / taken))
    draw.text(place, line, WHITE, font)
