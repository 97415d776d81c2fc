"""What the viewer shows of a case and of its comparison.

Above: clean | perturbation | perturbed. Below: the maps before | difference | after.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.params import Value
from core.registry import Method
from core.values import Attribution, Case, Floats, Prediction, View
from dashboard.components.viewer import Frame, Heat, Pane, Picture, Preset, Scale, Window
from dashboard.components.viewer.values import Lut
from dashboard.components.words import UNKNOWN, shape
from dashboard.services import pictures
from dashboard.services.cases import Entry
from dashboard.services.comparing import Finished, Preview
from dashboard.state import worded
from defenses import DEFENSES
from evaluation.goals import wanted
from evaluation.regions import Place
from evaluation.words import NO_EVIDENCE, finding, level, percent, settings, within
from explainers import EXPLAINERS
from imaging.overlay import has_evidence
from perturbations import PERTURBATIONS

PARTS = {
    "cxr": ("Lungs", "Mediastinum"),
    "dermoscopy": ("Dark parts", "Bright parts"),
    "fundus": ("Dark parts", "Bright parts"),
}


def frame_of(case: Case) -> Frame:
    """The frame of all panes that show this case."""
    height, width = case.pixels.shape[:2]
    window = _window(case) if case.pixels.shape[2] == 1 else None
    return Frame(case.id, (width, height), case.spacing_mm, case.orientation, window)


def picture_of(case: Case, source: str, channels: int = 1) -> Picture:
    """A picture that services.pictures.picture() made of this case with so many channels."""
    gray = case.pixels.shape[2] == 1
    return Picture(source, planes=(3 if channels == 3 else 1) if gray else 0)


def comparison_panes(entry: Entry, shown: Finished | Preview | None) -> list[Pane]:
    """The six panes of a case; shown is None as long as there is nothing but the case itself."""
    if isinstance(shown, Finished):
        return _results(entry, shown)
    return _empty(entry) if shown is None else _first_results(entry, shown)


def comparison_scales(shown: Finished | Preview | None) -> list[Scale]:
    """The color bars of the maps."""
    if shown is None:
        return []
    attribution = _clean(shown).attribution
    drawn = shown.drawn if isinstance(shown, Finished) else shown

    def scale(name: str, lut: Lut, low: float) -> Scale:
        first = f"{'≤ ' if drawn.beyond and low else ''}{low:.3g}".replace("-", "−")
        last = f"{'≥ ' if drawn.beyond else ''}{drawn.high:.3g}"
        return Scale(name, lut, first, last, worded(attribution.unit))

    if attribution.signed:
        return [scale("All three maps", "diverging", drawn.low)]
    return [scale("Maps", "sequential", drawn.low), scale("Difference", "diverging", -drawn.high)]


def recipe(shown: Finished | Preview | None) -> str:
    """What is needed to get the same pictures again."""
    if shown is None:
        return ""
    request, clean = shown.request, _clean(shown)
    parts = [f"{request.model}, {request.point} point"]
    if request.defense and request.defense_params:
        parts.append(_with_settings(DEFENSES[request.defense], request.defense_params.as_dict()))
        if request.unaware:
            parts.append(UNKNOWN)
    areas: dict[str, Place | None] = {"explained only": request.explain_region}
    if isinstance(shown, Finished):
        perturbation = shown.comparison.perturbation
        parts.append(f"{wanted(perturbation)} {finding(clean.prediction.labels[request.target])}")
        parts.append(_with_settings(PERTURBATIONS[perturbation.method], perturbation.params))
        how = "not changed" if request.attack_outside else "changed only"
        areas = {how: request.attack_region, "explained only": request.explain_region}
    attribution = clean.attribution
    parts.append(_with_settings(EXPLAINERS[attribution.method], attribution.params))
    for what, area in areas.items():
        if area is not None:
            parts.append(within(what, area))
    return " · ".join([*parts, f"seed {request.seed}", f"{attribution.heat.shape[0]} px"])


def _with_settings(method: Method, params: Mapping[str, Value]) -> str:
    chosen = settings(method, params)
    return f"{method.name}: {chosen}" if chosen else method.name


def _clean(shown: Finished | Preview) -> View:
    return shown.clean if isinstance(shown, Preview) else shown.comparison.clean


def _window(case: Case) -> Window:
    """The window of the case, its parts by their share of the range from black to white, and all of its values."""
    low, high = pictures.value_range(case)
    center, width, inverted, unit = pictures.GRAY_LEVELS / 2, pictures.GRAY_LEVELS, False, "gray levels"
    least, most = 0.0, pictures.GRAY_LEVELS
    if case.grays is not None:
        (center, width), inverted = case.grays.window, case.grays.inverted
        unit = "" if case.grays.unit == "value" else case.grays.unit
        least, most = float(case.grays.values.min()), float(case.grays.values.max())

    def part(name: str, dark: float, bright: float) -> Preset:
        middle = (dark + bright) / 2 - 0.5
        return Preset(name, center + (-middle if inverted else middle) * width, (bright - dark) * width)

    darker, brighter = PARTS[case.modality]
    presets = (
        Preset("Default", center, width),
        part(darker, 0.0, 0.55),
        part(brighter, 0.45, 1.0),
        part("High contrast", 0.25, 0.75),
        Preset("Full range", (least + most) / 2, max(most - least, width / 255)),
    )
    return Window(low, high, center, width, inverted, unit, presets)


def _empty(entry: Entry) -> list[Pane]:
    frame = frame_of(entry.case)
    clean = Pane("clean", "Clean", "", frame, _picture(entry), summary=f"{entry.label}, without a map.")
    titles = {
        "change": "Perturbation",
        "perturbed": "Perturbed",
        "before": "Map, before",
        "difference": "Difference",
        "after": "Map, after",
    }
    return [clean, *(Pane(name, title, frame=frame, summary="Nothing yet.") for name, title in titles.items())]


def _first_results(entry: Entry, preview: Preview) -> list[Pane]:
    """The panes of the clean picture and its map, the others empty."""
    frame, box, attribution = frame_of(entry.case), pictures.frame_box(preview.geometry), preview.clean.attribution
    lut: Lut = "diverging" if attribution.signed else "sequential"
    cells = pictures.cell_levels(attribution.cells, preview.low, preview.high)
    heat = Heat(preview.heat, box, lut, attribution.signed, preview.low, preview.high, worded(attribution.unit), cells)
    shown = heat if has_evidence(attribution) else None
    first = _clean_panes(entry, frame, preview.clean, preview.request.target, shown)
    panes = {pane.name: pane for pane in first}
    return [panes.get(pane.name, pane) for pane in _empty(entry)]


def _clean_panes(entry: Entry, frame: Frame, view: View, target: int, heat: Heat | None) -> tuple[Pane, Pane]:
    """The clean picture with its map, and the map alone."""
    explainer = EXPLAINERS[view.attribution.method].name
    return (
        Pane(
            "clean",
            "Clean",
            _verdict(view.prediction, target),
            frame,
            _picture(entry),
            heat,
            summary=f"Clean picture with map. {_summary(view, target)}",
        ),
        Pane(
            "before",
            "Map, before",
            explainer,
            frame,
            heat=heat,
            message="" if heat else NO_EVIDENCE,
            summary=f"{explainer} on the clean picture. {_place(view.attribution)}",
        ),
    )


def _results(entry: Entry, finished: Finished) -> list[Pane]:
    comparison, drawn = finished.comparison, finished.drawn
    frame, box = frame_of(entry.case), pictures.frame_box(finished.geometry)
    before, after = comparison.clean, comparison.perturbed
    signed, unit = before.attribution.signed, worded(before.attribution.unit)
    cells, later = before.attribution.cells, after.attribution.cells
    change = later - cells if cells is not None and later is not None else None

    def heat(source: str, cells: Floats | None, signed: bool, low: float, shows: bool) -> Heat | None:
        lut: Lut = "diverging" if signed else "sequential"
        in_cells = pictures.cell_levels(cells, low, drawn.high)
        return Heat(source, box, lut, signed, low, drawn.high, unit, in_cells) if shows else None

    first = heat(drawn.before, cells, signed, drawn.low, has_evidence(before.attribution))
    second = heat(drawn.after, later, signed, drawn.low, has_evidence(after.attribution))
    between = heat(drawn.difference, change, True, -drawn.high, first is not None or second is not None)
    perturbation = PERTURBATIONS[comparison.perturbation.method].name
    explainer = EXPLAINERS[before.attribution.method].name
    size = f"at most {level(comparison.perturbation.norms.linf_255)}/255"
    clean, clean_map = _clean_panes(entry, frame, before, comparison.target, first)
    return [
        clean,
        Pane(
            "change",
            f"Perturbation ×{drawn.magnification}",
            size,
            frame,
            Picture(drawn.change, box, smooth=False),
            summary=f"{perturbation}, magnified {drawn.magnification} times around mid-gray; {size}.",
        ),
        Pane(
            "perturbed",
            "Perturbed",
            _verdict(after.prediction, comparison.target),
            frame,
            picture_of(entry.case, drawn.perturbed, comparison.perturbation.perturbed.shape[0]),
            second,
            summary=f"Perturbed picture with map. {_summary(after, comparison.target)}",
        ),
        clean_map,
        Pane(
            "difference",
            "Difference",
            "after − before",
            frame,
            heat=between,
            message="" if between else NO_EVIDENCE,
            summary=f"{explainer}, after minus before.",
        ),
        Pane(
            "after",
            "Map, after",
            explainer,
            frame,
            heat=second,
            message="" if second else NO_EVIDENCE,
            summary=f"{explainer} on the perturbed picture. {_place(after.attribution)}",
        ),
    ]


def _picture(entry: Entry) -> Picture:
    return picture_of(entry.case, entry.picture)


def _verdict(prediction: Prediction, target: int) -> str:
    return f"{percent(prediction.probabilities[target])} {shape(prediction, target)}"


def _summary(view: View, target: int) -> str:
    prediction = view.prediction
    said = "flagged" if prediction.positive[target] else "not flagged"
    label, probability = finding(prediction.labels[target]), percent(prediction.probabilities[target])
    return f"{label} {probability}, {said}. {_place(view.attribution)}"


def _place(attribution: Attribution) -> str:
    if not has_evidence(attribution):
        return NO_EVIDENCE
    return f"The score depends most on the {pictures.strongest_place(attribution.heat)} of the picture."
