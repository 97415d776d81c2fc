"""The viewer: clean | perturbation | perturbed, and below them the maps before | difference | after.

Opacity, threshold, zoom and pan are drawn in the browser (panes.js), without a rerun.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.values import Attribution, Comparison, Prediction
from dashboard.components.inline import inline_component
from dashboard.components.words import settings, shape
from dashboard.services import pictures
from dashboard.services.cases import Entry
from dashboard.services.comparing import Finished
from evaluation.words import finding, level, percent
from explainers import EXPLAINERS
from imaging.overlay import DIVERGING, SEQUENTIAL, has_evidence
from perturbations import PERTURBATIONS

HERE = Path(__file__).parent
WHOLE = (0.0, 0.0, 1.0, 1.0)
NO_EVIDENCE = "No evidence: this map is zero everywhere."
LUTS = {
    name: base64.b64encode(np.ascontiguousarray(lut, dtype=np.uint8).tobytes()).decode()
    for name, lut in (("sequential", SEQUENTIAL), ("diverging", DIVERGING))
}


@dataclass(frozen=True)
class Pane:
    """One picture, one map, or a map over a picture. value and message are words in its head and on its face."""

    name: str
    title: str
    value: str = ""
    picture: dict[str, Any] | None = None
    heat: dict[str, Any] | None = None
    message: str = ""
    summary: str = ""


def panes(entry: Entry, finished: Finished | None, *, stale: bool) -> None:
    """Draw the six panes of a case. finished is None as long as there is nothing but the case itself; stale dims."""
    height, width = entry.case.pixels.shape[:2]
    scene = {
        "size": [width, height],
        "stale": stale,
        "luts": LUTS,
        "panes": [vars(pane) for pane in (_results(entry, finished) if finished else _empty(entry))],
        "scales": _scales(finished) if finished else [],
        "recipe": _recipe(finished) if finished else "",
    }
    inline_component(HERE)(data=scene, key="panes")


def _empty(entry: Entry) -> list[Pane]:
    clean = Pane("clean", "Clean", picture=_picture(entry.picture), summary=f"{entry.label}, without a map.")
    titles = {
        "change": "Perturbation",
        "perturbed": "Perturbed",
        "before": "Map, before",
        "difference": "Difference",
        "after": "Map, after",
    }
    return [clean, *(Pane(name, title, summary="Nothing yet.") for name, title in titles.items())]


def _results(entry: Entry, finished: Finished) -> list[Pane]:
    comparison, drawn = finished.comparison, finished.drawn
    box = pictures.frame_box(finished.geometry)
    before, after = comparison.clean, comparison.perturbed
    signed = before.attribution.signed

    def heat(source: str, signed: bool, shows: bool) -> dict[str, Any] | None:
        lut = "diverging" if signed else "sequential"
        return {"source": source, "box": box, "lut": lut, "signed": signed} if shows else None

    first = heat(drawn.before, signed, has_evidence(before.attribution))
    second = heat(drawn.after, signed, has_evidence(after.attribution))
    between = heat(drawn.difference, True, first is not None or second is not None)
    norms = comparison.perturbation.norms
    perturbation = PERTURBATIONS[comparison.perturbation.method].name
    explainer = EXPLAINERS[before.attribution.method].name
    size = f"at most {level(norms.linf_255)}/255"
    return [
        Pane(
            "clean",
            "Clean",
            _verdict(before.prediction, comparison.target),
            _picture(entry.picture),
            first,
            summary=f"Clean picture with map. {_summary(comparison, before.prediction, before.attribution)}",
        ),
        Pane(
            "change",
            f"Perturbation ×{drawn.magnification}",
            size,
            {"source": drawn.change, "box": box, "smooth": False},
            summary=f"{perturbation}, magnified {drawn.magnification} times around mid-gray; {size}.",
        ),
        Pane(
            "perturbed",
            "Perturbed",
            _verdict(after.prediction, comparison.target),
            _picture(drawn.perturbed),
            second,
            summary=f"Perturbed picture with map. {_summary(comparison, after.prediction, after.attribution)}",
        ),
        Pane(
            "before",
            "Map, before",
            explainer,
            heat=first,
            message="" if first else NO_EVIDENCE,
            summary=f"{explainer} on the clean picture. {_place(before.attribution)}",
        ),
        Pane(
            "difference",
            "Difference",
            "after − before",
            heat=between,
            message="" if between else NO_EVIDENCE,
            summary=f"{explainer}, after minus before.",
        ),
        Pane(
            "after",
            "Map, after",
            explainer,
            heat=second,
            message="" if second else NO_EVIDENCE,
            summary=f"{explainer} on the perturbed picture. {_place(after.attribution)}",
        ),
    ]


def _picture(source: str) -> dict[str, Any]:
    return {"source": source, "box": WHOLE, "smooth": True}


def _verdict(prediction: Prediction, target: int) -> str:
    return f"{percent(prediction.probabilities[target])} {shape(prediction, target)}"


def _summary(comparison: Comparison, prediction: Prediction, attribution: Attribution) -> str:
    target = comparison.target
    said = "flagged" if prediction.positive[target] else "not flagged"
    label, probability = finding(prediction.labels[target]), percent(prediction.probabilities[target])
    return f"{label} {probability}, {said}. {_place(attribution)}"


def _place(attribution: Attribution) -> str:
    if not has_evidence(attribution):
        return NO_EVIDENCE
    return f"The score depends most on the {pictures.strongest_place(attribution.heat)} of the picture."


def _scales(finished: Finished) -> list[dict[str, str]]:
    attribution, drawn = finished.comparison.clean.attribution, finished.drawn

    def scale(name: str, lut: str, low: float) -> dict[str, str]:
        ends = {
            "low": f"{'≤ ' if drawn.beyond and low else ''}{low:.3g}".replace("-", "−"),
            "high": f"{'≥ ' if drawn.beyond else ''}{drawn.high:.3g}",
        }
        return {"name": name, "lut": lut, "unit": attribution.unit, **ends}

    if attribution.signed:
        return [scale("All three maps", "diverging", drawn.low)]
    return [scale("Maps", "sequential", drawn.low), scale("Difference", "diverging", -drawn.high)]


def _recipe(finished: Finished) -> str:
    """What is needed to get the same pictures again."""
    perturbation, attribution = finished.comparison.perturbation, finished.comparison.clean.attribution
    parts = [f"{finished.request.model}, {finished.request.point} point"]
    for method, params in (
        (PERTURBATIONS[perturbation.method], perturbation.params),
        (EXPLAINERS[attribution.method], attribution.params),
    ):
        chosen = settings(method, params)
        parts.append(f"{method.name}: {chosen}" if chosen else method.name)
    return " · ".join([*parts, f"seed {perturbation.seed}", f"{attribution.heat.shape[0]} px"])
