"""The panes of a step: its shots, with one color scale for all maps of one method, unless the step says otherwise."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

from core.values import Attribution
from dashboard.components.comparison_panes import frame_of, picture_of
from dashboard.components.viewer import Heat, Pane, Picture, Scale, viewer
from dashboard.components.viewer.values import Lut
from dashboard.components.words import shape
from dashboard.services import pictures
from dashboard.services.lessons import EDGES, Lesson, PaneSpec, Step
from dashboard.services.shots import TARGET, Taken, entry_of
from dashboard.state import worded
from evaluation.words import NO_EVIDENCE, finding, level, percent
from explainers import EXPLAINERS
from imaging.overlay import display_scale, has_evidence

HIDDEN = "Answer first"


class Range(NamedTuple):
    """What the maps on one scale share; beyond: whether values exceed it and have the color of its end."""

    low: float
    high: float
    beyond: bool
    signed: bool
    unit: str


def scene(
    lesson: Lesson,
    step: Step,
    taken: Mapping[str, Taken] | None,
    hidden: Collection[str],
    *,
    alone: int | None = None,
) -> None:
    """Draw the panes of a step; hidden: shots of which only the picture may be seen; alone: the one pane to show."""
    specs = step.panes if alone is None else step.panes[alone : alone + 1]
    ranges = _ranges(step, taken) if taken else {}
    panes = [
        _pane(spec, taken[spec.shot], ranges[_scale_of(step, taken[spec.shot])], hidden=spec.shot in hidden)
        if taken
        else _waiting(lesson, spec)
        for spec in specs
    ]
    drawn = {_scale_of(step, taken[spec.shot]) for spec in specs if _mapped(spec)} if taken else set()
    viewer(
        panes,
        columns=len(panes),
        scales=[_scale(name, extent) for name, extent in ranges.items() if name in drawn],
        tall=alone is not None,
        key=f"lesson viewer {len(panes)} {alone is not None}",
        steps="step",
    )


def _ranges(step: Step, taken: Mapping[str, Taken]) -> Mapping[str, Range]:
    """{name: range} of all maps of the step, also those still hidden: to show them changes no other one."""
    maps: dict[str, list[Attribution]] = {}
    for pane in step.panes:
        maps.setdefault(_scale_of(step, taken[pane.shot]), []).append(taken[pane.shot].attribution)
    return {name: _range(those) for name, those in maps.items()}


def _scale_of(step: Step, taken: Taken) -> str:
    return taken.shot.title if step.own_scales else _name(taken.attribution.method)


def _mapped(spec: PaneSpec) -> bool:
    return spec.part in {"all", "map"}


def _range(maps: list[Attribution]) -> Range:
    heats, signed = [each.heat for each in maps], maps[0].signed
    low, high = display_scale(heats, signed)
    return Range(low, high, max(float(np.abs(heat).max()) for heat in heats) > high, signed, worded(maps[0].unit))


def _scale(name: str, extent: Range) -> Scale:
    low = f"{'≤ ' if extent.beyond and extent.low else ''}{extent.low:.3g}".replace("-", "−")
    high = f"{'≥ ' if extent.beyond else ''}{extent.high:.3g}"
    return Scale(name, _lut(extent.signed), low, high, extent.unit)


def _name(method: str) -> str:
    return "Edges" if method == EDGES else EXPLAINERS[method].name


def _lut(signed: bool) -> Lut:
    return "diverging" if signed else "sequential"


def _waiting(lesson: Lesson, spec: PaneSpec) -> Pane:
    """The clean case, or nothing yet."""
    shot = lesson.shots[spec.shot]
    entry = entry_of(shot)
    clean = not shot.of and spec.part != "map"
    picture = picture_of(entry.case, entry.picture) if clean else None
    return Pane(_key(spec), shot.title, "", frame_of(entry.case), picture, summary="Nothing yet.")


def _pane(spec: PaneSpec, taken: Taken, extent: Range, *, hidden: bool) -> Pane:
    entry = entry_of(taken.shot)
    frame, box = frame_of(entry.case), pictures.frame_box(taken.geometry)
    name, title = _key(spec), taken.shot.title
    if spec.part == "change" and taken.change is not None:
        largest = f"at most {level(taken.change.norms.linf_255)}/255"
        return Pane(
            name,
            f"{title}: change ×{taken.magnification}",
            largest,
            frame,
            Picture(taken.magnified_change, box, smooth=False),
            summary=f"{title}: the change alone, magnified {taken.magnification} times around mid-gray; {largest}.",
        )
    picture = picture_of(entry.case, taken.picture, taken.pixels.shape[0]) if spec.part != "map" else None
    if hidden:
        face = HIDDEN if picture is None else ""
        return Pane(name, title, "?", frame, picture, message=face, summary=f"{title}. {HIDDEN}.")
    attribution, empty = taken.attribution, not has_evidence(taken.attribution)
    mapped = _mapped(spec)
    heat = None
    if mapped and not empty:
        (low, high), signed = (extent.low, extent.high), attribution.signed
        source, cells = (
            pictures.heat_levels(attribution.heat, low, high),
            pictures.cell_levels(attribution.cells, low, high),
        )
        heat = Heat(source, box, _lut(signed), signed, low, high, worded(attribution.unit), cells)
    blind = attribution.method == EDGES
    value = "" if blind else f"{percent(taken.prediction.probabilities[TARGET])} {shape(taken.prediction, TARGET)}"
    if mapped and empty:
        value += " · empty map"
    return Pane(
        name,
        title,
        value,
        frame,
        picture,
        heat,
        message=NO_EVIDENCE if mapped and empty and picture is None else "",
        summary=f"{title}. {_said(taken) if not blind else ''} {_place(taken) if mapped else ''}".strip(),
    )


def _key(spec: PaneSpec) -> str:
    return f"{spec.shot} {spec.part}"


def _said(taken: Taken) -> str:
    prediction = taken.prediction
    flagged = "flagged" if prediction.positive[TARGET] else "not flagged"
    return f"{finding(prediction.labels[TARGET])} {percent(prediction.probabilities[TARGET])}, {flagged}."


def _place(taken: Taken) -> str:
    if not has_evidence(taken.attribution):
        return NO_EVIDENCE
    return f"The map is strongest in the {pictures.strongest_place(taken.attribution.heat)} of the picture."
