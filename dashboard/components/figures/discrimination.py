"""How well a model tells pictures with the finding from those without, and a detector attacked ones from clean ones:
ROC and precision-recall curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.components.figures.theme import MAIN, MUTED, OTHER, SYMBOLS, banded, canvas
from model_zoo.curves import Confusion, Curve
from model_zoo.measures import Array

LINES = [(color, dash) for dash in ("solid", "dash", "dot") for color in (MAIN, OTHER)]


def roc_curve(curve: Curve, points: Mapping[str, Confusion], *, technical: bool) -> Any:
    """The ROC curve with its operating points, in percent."""
    figure = canvas(
        "False-positive rate, 1 − specificity (%)" if technical else "Flagged, of those without the finding (%)",
        "Sensitivity (%)" if technical else "Flagged, of those with it (%)",
    )
    figure.update_xaxes(range=[-2, 102], dtick=20)
    banded(figure, curve, "hv")
    for symbol, (name, answers) in zip(SYMBOLS, points.items(), strict=False):
        _mark(
            figure, symbol, name, answers.wrongly_flagged_per_hundred.value, answers.flagged_per_hundred.value, "%{x}"
        )
    _guess(figure, [0, 100], [0, 100])
    return figure


def precision_recall_curve(curve: Curve, points: Mapping[str, Confusion], *, technical: bool) -> Any:
    """The precision-recall curve with its operating points, in percent."""
    figure = canvas(
        "Recall, sensitivity (%)" if technical else "Flagged, of those with the finding (%)",
        "Precision (%)" if technical else "With the finding, of those flagged (%)",
    )
    figure.update_xaxes(range=[-2, 102], dtick=20)
    banded(figure, curve, "vh")
    for symbol, (name, answers) in zip(SYMBOLS, points.items(), strict=False):
        flagged = answers.tp + answers.fp
        if flagged:
            _mark(figure, symbol, name, answers.flagged_per_hundred.value, 100 * answers.tp / flagged, "%{x}")
    for answers in [*points.values()][:1]:
        with_finding = answers.tp + answers.fn
        share = 100 * with_finding / (with_finding + answers.fp + answers.tn)
        _guess(figure, [0, 100], [share, share])
    return figure


def detection_curves(curves: Mapping[str, tuple[Array, Array]]) -> Any:
    """ROC curves of detectors, {name: shares (P,) of clean and of attacked pictures that give alarm}, in percent."""
    figure = canvas("Alarm, of the clean pictures (%)", "Alarm, of the attacked pictures (%)")
    figure.update_xaxes(range=[-2, 102], dtick=20)
    for (color, dash), (name, (false, true)) in zip(LINES, curves.items(), strict=False):
        figure.add_scatter(
            x=100 * false,
            y=100 * true,
            mode="lines",
            line={"color": color, "dash": dash, "width": 2},
            name=name,
            hovertemplate=f"{name}: %{{y:.0f}} % at %{{x:.0f}} %<extra></extra>",
        )
    _guess(figure, [0, 100], [0, 100])
    return figure


def _mark(figure: Any, symbol: str, name: str, x: float, y: float, shown: str) -> None:
    figure.add_scatter(
        x=[x],
        y=[y],
        mode="markers",
        marker={"size": 12, "symbol": symbol, "color": OTHER},
        name=f"{name} point",
        hovertemplate=f"{name} point: %{{y:.0f}} % at {shown[:-1]}:.0f}} %<extra></extra>",
    )


def _guess(figure: Any, x: list[float], y: list[float]) -> None:
    line = {"color": MUTED, "width": 1, "dash": "dot"}
    figure.add_scatter(x=x, y=y, mode="lines", line=line, name="guessing", hoverinfo="skip")
