"""Whether the percentages of a model can be believed: the reliability diagram."""

from __future__ import annotations

from typing import Any

from dashboard.components.figures.theme import MAIN, MUTED, OTHER, canvas
from model_zoo.curves import Reliability


def reliability_diagram(before: Reliability, after: Reliability, *, technical: bool) -> Any:
    """Observed share over mean probability, in percent, before and after calibration."""
    figure = canvas(
        "Mean predicted probability (%)" if technical else "What the model says (%)",
        "Observed share with the finding (%)" if technical else "Do show the finding (%)",
    )
    figure.update_xaxes(range=[-2, 102], dtick=20)
    ideal = {"color": MUTED, "width": 1, "dash": "dot"}
    figure.add_scatter(x=[0, 100], y=[0, 100], mode="lines", line=ideal, name="exactly right", hoverinfo="skip")
    _bins(figure, before, "before calibration", OTHER, "diamond-open", "dot")
    _bins(figure, after, "after calibration", MAIN, "circle", "solid")
    return figure


def _bins(figure: Any, curve: Reliability, name: str, color: str, symbol: str, dash: str) -> None:
    x, y, low, high = (100 * values for values in (curve.x, curve.y, curve.low, curve.high))
    figure.add_scatter(
        x=x,
        y=y,
        error_y={"array": high - y, "arrayminus": y - low, "thickness": 1, "width": 3, "color": color},
        mode="lines+markers",
        line={"color": color, "width": 1.5, "dash": dash},
        marker={"size": 9, "symbol": symbol, "color": color, "line": {"width": 2, "color": color}},
        name=name,
        customdata=list(zip(low, high, curve.counts, strict=True)),
        hovertemplate="says %{x:.0f} %, is %{y:.0f} % (%{customdata[0]:.0f} to %{customdata[1]:.0f}), "
        "n = %{customdata[2]}<extra></extra>",
    )
