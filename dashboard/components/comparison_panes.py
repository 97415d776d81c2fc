"""What the viewer shows of a case and of its comparison.

Above: clean | perturbation | perturbed. Below: the maps before | difference | after.
"""

from __future__ import annotations

from core.values import Attribution, Case, Comparison, Prediction
from dashboard.components.viewer import Frame, Heat, Pane, Picture, Preset, Scale, Window
from dashboard.components.viewer.values import Lut
from dashboard.components.words import settings, shape
from dashboard.services import pictures
from dashboard.services.cases import Entry
from dashboard.services.comparing import Finished
from evaluation.words import finding, level, percent
from explainers import EXPLAINERS
from imaging.overlay import has_evidence
from perturbations import PERTURBATIONS

NO_EVIDENCE = "No evidence: this map is zero everywhere."
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


def comparison_panes(entry: Entry, finished: Finished | None) -> list[Pane]:
    """The six panes of a case; finished is None as long as there is nothing but the case itself."""
    return _results(entry, finished) if finished else _empty(entry)


def comparison_scales(finished: Finished | None) -> list[Scale]:
    """The color bars of the maps of a comparison."""
    if finished is None:
        return []
    attribution, drawn = finished.comparison.clean.attribution, finished.drawn

    def scale(name: str, lut: Lut, low: float) -> Scale:
        first = f"{'≤ ' if drawn.beyond and low else ''}{low:.3g}".replace("-", "−")
        last = f"{'≥ ' if drawn.beyond else ''}{drawn.high:.3g}"
        return Scale(name, lut, first, last, attribution.unit)

    if attribution.signed:
        return [scale("All three maps", "diverging", drawn.low)]
    return [scale("Maps", "sequential", drawn.low), scale("Difference", "diverging", -drawn.high)]


def recipe(finished: Finished | None) -> str:
    """What is needed to get the same pictures again."""
    if finished is None:
        return ""
    perturbation, attribution = finished.comparison.perturbation, finished.comparison.clean.attribution
    request, goal = finished.request, perturbation.goal
    parts = [f"{request.model}, {request.point} point", f"{goal.direction} {finding(_target_label(finished))}"]
    for method, params in (
        (PERTURBATIONS[perturbation.method], perturbation.params),
        (EXPLAINERS[attribution.method], attribution.params),
    ):
        chosen = settings(method, params)
        parts.append(f"{method.name}: {chosen}" if chosen else method.name)
    for what, area in (("changed", request.attack_region), ("explained", request.explain_region)):
        if area is not None:
            parts.append(f"{what} only in {', '.join(f'{edge:.3g}' for edge in area)}")
    return " · ".join([*parts, f"seed {perturbation.seed}", f"{attribution.heat.shape[0]} px"])


def _target_label(finished: Finished) -> str:
    return finished.comparison.clean.prediction.labels[finished.comparison.target]


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


def _results(entry: Entry, finished: Finished) -> list[Pane]:
    comparison, drawn = finished.comparison, finished.drawn
    frame, box = frame_of(entry.case), pictures.frame_box(finished.geometry)
    before, after = comparison.clean, comparison.perturbed
    signed, unit = before.attribution.signed, before.attribution.unit

    def heat(source: str, signed: bool, low: float, shows: bool) -> Heat | None:
        lut: Lut = "diverging" if signed else "sequential"
        return Heat(source, box, lut, signed, low, drawn.high, unit) if shows else None

    first = heat(drawn.before, signed, drawn.low, has_evidence(before.attribution))
    second = heat(drawn.after, signed, drawn.low, has_evidence(after.attribution))
    between = heat(drawn.difference, True, -drawn.high, first is not None or second is not None)
    gray = comparison.perturbation.perturbed.shape[0] == 1 and frame.window is not None
    perturbation = PERTURBATIONS[comparison.perturbation.method].name
    explainer = EXPLAINERS[before.attribution.method].name
    size = f"at most {level(comparison.perturbation.norms.linf_255)}/255"
    return [
        Pane(
            "clean",
            "Clean",
            _verdict(before.prediction, comparison.target),
            frame,
            _picture(entry),
            first,
            summary=f"Clean picture with map. {_summary(comparison, before.prediction, before.attribution)}",
        ),
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
            Picture(drawn.perturbed, packed=gray),
            second,
            summary=f"Perturbed picture with map. {_summary(comparison, after.prediction, after.attribution)}",
        ),
        Pane(
            "before",
            "Map, before",
            explainer,
            frame,
            heat=first,
            message="" if first else NO_EVIDENCE,
            summary=f"{explainer} on the clean picture. {_place(before.attribution)}",
        ),
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
    return Picture(entry.picture, packed=entry.case.pixels.shape[2] == 1)


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
