"""The cells as panes of the viewer: perturbed or clean pictures under their maps, one scale for each explainer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from core.values import Attribution, Comparison, View
from dashboard.components.comparing.cells import Cell
from dashboard.components.comparing.fixed import recipe_of
from dashboard.components.comparing.pickers import Shown
from dashboard.components.comparison_panes import frame_of, picture_of
from dashboard.components.viewer import Heat, Pane, Scale, viewer
from dashboard.components.viewer.values import Lut
from dashboard.components.words import shape
from dashboard.services import pictures
from dashboard.services.finished import Finished
from dashboard.state import worded
from evaluation.words import NO_EVIDENCE, finding, percent
from explainers import EXPLAINERS
from imaging.overlay import display_scale, has_evidence


class Range(NamedTuple):
    """What all maps of one explainer share; beyond: whether values exceed it and have the color of its end."""

    low: float
    high: float
    beyond: bool


KEY = "compare viewer"


def grid_panes(
    cells: Sequence[Cell], reference: Cell, shown: Shown, columns: int, step: Callable[[int], None] | None
) -> None:
    """Draw the grid; step goes to another case, by so many, where all cells show the same one."""
    ranges = ranges_of(cells)
    viewer(
        [_pane(cell, reference, shown, ranges) for cell in cells],
        columns=columns,
        recipe=recipe_of(cells),
        scales=[_scale(key, extent) for key, extent in ranges.items()],
        long_heads=True,
        key=KEY,
        steps="case" if step else "",
        on_step=step,
    )


def ranges_of(cells: Sequence[Cell]) -> Mapping[str, Range]:
    """{explainer: range} of the maps that are there, clean and perturbed, so that the switch between these shows
    another map and not another scale."""
    maps: dict[str, list[Attribution]] = {}
    for cell in cells:
        if cell.finished:
            comparison = cell.finished.comparison
            views = (comparison.clean, comparison.perturbed)
            maps.setdefault(cell.setup.explainer.key, []).extend(view.attribution for view in views)
    return {key: _range(those) for key, those in maps.items()}


def _range(maps: Sequence[Attribution]) -> Range:
    low, high = display_scale([each.heat for each in maps], maps[0].signed)
    return Range(low, high, max(float(np.abs(each.heat).max()) for each in maps) > high)


def _scale(explainer: str, extent: Range) -> Scale:
    method = EXPLAINERS[explainer]
    low = f"{'≤ ' if extent.beyond and extent.low else ''}{extent.low:.3g}".replace("-", "−")
    high = f"{'≥ ' if extent.beyond else ''}{extent.high:.3g}"
    return Scale(f"{method.name}, all cells", _lut(method.signed), low, high, worded(method.unit))


def _lut(signed: bool) -> Lut:
    return "diverging" if signed else "sequential"


def _pane(cell: Cell, reference: Cell, shown: Shown, ranges: Mapping[str, Range]) -> Pane:
    view, finished = cell.view(shown), cell.finished
    if view is None or finished is None:
        waits = "Computing" if cell.running else "Waits for its turn" if cell.grid.working else "Not computed"
        said = cell.why_not or waits
        return Pane(cell.code, cell.name, message=said, summary=f"{cell.name}: {said}")
    title = f"{cell.code} reference · {cell.title}" if cell is reference else cell.name
    entry, differs = cell.setup.entry, cell.differs(reference, shown)
    if shown == "Clean":
        picture = picture_of(entry.case, entry.picture)
    else:
        channels = finished.comparison.perturbation.perturbed.shape[0]
        picture = picture_of(entry.case, finished.drawn.perturbed, channels)
    shows = has_evidence(view.attribution)
    value = _value(cell, finished.comparison)
    against = f"Differs from {reference.code}. " if differs else ""
    place = f"The score depends most on the {pictures.strongest_place(view.attribution.heat)} of the picture."
    return Pane(
        cell.code,
        title,
        value,
        frame_of(entry.case),
        picture,
        _heat(view, finished, ranges[cell.setup.explainer.key]) if shows else None,
        "" if shows else NO_EVIDENCE,
        f"{cell.name}, {shown.lower()} picture. {against}{finding(cell.setup.label)} {value}. "
        f"{place if shows else NO_EVIDENCE}",
        differs,
    )


def _value(cell: Cell, comparison: Comparison) -> str:
    before, after, noisy = (
        f"{_short(view.prediction.probabilities[cell.target])} {shape(view.prediction, cell.target)}"
        for view in (comparison.clean, comparison.perturbed, comparison.controlled)
    )
    return f"{before} → {after} {'flips' if comparison.flipped else 'holds'} · noise {noisy}"


def _short(probability: float) -> str:
    """ "over 99 %" -> ">99 %": a head is narrow."""
    return percent(probability).replace("under ", "<").replace("over ", ">")


def _heat(view: View, finished: Finished, extent: Range) -> Heat:
    attribution = view.attribution
    return Heat(
        pictures.heat_levels(attribution.heat, extent.low, extent.high),
        pictures.frame_box(finished.geometry),
        _lut(attribution.signed),
        attribution.signed,
        extent.low,
        extent.high,
        worded(attribution.unit),
        pictures.cell_levels(attribution.cells, extent.low, extent.high),
    )
