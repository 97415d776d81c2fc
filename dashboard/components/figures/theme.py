"""One look for all figures: no tools, no zoom, a fixed height, and colors that hold on dark and on light."""

from __future__ import annotations

from typing import Any, Literal

import streamlit as st

from model_zoo.curves import Curve

MAIN, OTHER, MUTED = "#0f9488", "#c9720d", "#7c8993"  # teal and orange, which color-blind readers can tell apart
FONT = 13
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross")
LEGEND = 84  # pixels above the plot: three rows


def canvas(x_title: str, y_title: str, *, height: int = 420, legend: int = LEGEND) -> Any:
    """An empty figure, whose y axis is in percent; height and legend, the space above the plot, in pixels."""
    import plotly.graph_objects as go  # only a reader who opens a figure waits for it

    axis = {
        "fixedrange": True,
        "gridcolor": translucent(MUTED, 0.22),
        "linecolor": translucent(MUTED, 0.6),
        "showline": True,
        "zeroline": False,
        "tickfont": {"size": FONT},
    }
    figure = go.Figure()
    figure.update_layout(
        height=height,
        margin={"l": 58, "r": 12, "t": legend, "b": 52},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"size": FONT},
        hoverlabel={"font": {"size": FONT}},
        hovermode="closest",
        dragmode=False,
        showlegend=legend > 0,
        legend={
            "orientation": "h",
            "x": 0,
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "font": {"size": FONT},
            "bgcolor": "rgba(0,0,0,0)",
            "itemclick": False,
            "itemdoubleclick": False,
            "traceorder": "normal",
        },
        xaxis={**axis, "title": {"text": x_title, "font": {"size": FONT}}},
        yaxis={**axis, "title": {"text": y_title, "font": {"size": FONT}}, "range": [-2, 102], "dtick": 20},
    )
    return figure


def draw(figure: Any, key: str, alt: str) -> None:
    """Show a figure; alt says to a screen reader what it shows."""
    st.plotly_chart(figure, key=key, alt=alt, config={"displayModeBar": False, "responsive": True})


def banded(figure: Any, curve: Curve, shape: Literal["hv", "vh"]) -> None:
    """A curve of rates as steps in percent, in its 95 % band."""
    steps = {"x": 100 * curve.x, "mode": "lines", "hoverinfo": "skip"}
    figure.add_scatter(**steps, y=100 * curve.high, line={"width": 0, "shape": shape}, showlegend=False)
    figure.add_scatter(
        **steps,
        y=100 * curve.low,
        line={"width": 0, "shape": shape},
        fill="tonexty",
        fillcolor=translucent(MAIN, 0.2),
        name="95 % band",
    )
    figure.add_scatter(
        x=100 * curve.x,
        y=100 * curve.y,
        mode="lines",
        line={"color": MAIN, "width": 2, "shape": shape},
        name="curve",
        customdata=list(zip(100 * curve.low, 100 * curve.high, strict=True)),
        hovertemplate="%{y:.0f} % (%{customdata[0]:.0f} to %{customdata[1]:.0f}) at %{x:.0f} %<extra></extra>",
    )


def translucent(color: str, opacity: float) -> str:
    """ "#0f9488" -> "rgba(15,148,136,0.2)"."""
    return f"rgba({','.join(str(int(color[k : k + 2], 16)) for k in (1, 3, 5))},{opacity})"
