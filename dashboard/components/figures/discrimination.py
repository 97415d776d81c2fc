"""How well a model tells pictures with the finding from those without: ROC and precision-recall curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.components.figures.theme import MUTED, OTHER, SYMBOLS, banded, canvas
from model_zoo.curves import Confusion, Curve


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
