"""Whether the maps agree: their rank correlations, and what these say in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from dashboard.components.explaining.colors import DIVERGING_SCALE, ink
from dashboard.components.figures.theme import FONT, draw
from dashboard.components.glossary import explained
from dashboard.services.explaining import Together
from explainers import EXPLAINERS

CELL = 44  # pixels
LEVELS = (
    (0.7, "They put the places in much the same order"),
    (0.4, "They agree in part"),
    (0.1, "They hardly agree"),
    (-1.0, "They do not agree"),
)


def agreement(together: Together) -> None:
    """Draw the sentence and the matrix."""
    names = [EXPLAINERS[question.method].name for question in (each.question for each in together.maps)]
    st.html('<h2 class="heading">Do the maps agree?</h2>')
    st.html(f'<p class="sentence">{escape(said(names, together.matrix))}</p>{explained("Rank correlation")}')
    draw(_heatmap(names, together.matrix), "explain agreement", "Rank correlation of each pair of maps")


def said(names: Sequence[str], matrix: npt.NDArray[np.float64]) -> str:
    """What the matrix says."""
    pairs = {
        (one, other): float(matrix[i, j])
        for (i, one), (j, other) in combinations(enumerate(names), 2)
        if not np.isnan(matrix[i, j])
    }
    if not pairs:
        return "Nothing can be said: fewer than two maps prefer any place."
    mean = float(np.mean(list(pairs.values())))
    words = next(words for least, words in LEVELS if mean >= least)
    number = _number(mean)
    if len(pairs) == 1:
        return f"{words}: rank correlation {number}. That two maps agree does not make them right."
    (near, most), (far, least) = (pick(pairs.items(), key=lambda pair: pair[1]) for pick in (max, min))
    alike = f"Most alike are {' and '.join(near)} ({_number(most)}), least {' and '.join(far)} ({_number(least)})."
    return (
        f"{words}: the mean rank correlation of {len(pairs)} pairs is {number}. {alike} That maps agree "
        "does not make them right: related methods share their errors."
    )


def _number(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def _heatmap(names: Sequence[str], matrix: npt.NDArray[np.float64]) -> Any:
    import plotly.graph_objects as go  # only a reader who opens a figure waits for it

    figure = go.Figure(
        go.Heatmap(
            z=matrix,
            x=list(range(len(names))),
            y=list(range(len(names))),
            zmin=-1,
            zmax=1,
            colorscale=DIVERGING_SCALE,
            xgap=2,
            ygap=2,
            customdata=[[f"{one} and {other}" for other in names] for one in names],
            hovertemplate="%{customdata}: %{z:.2f}<extra></extra>",
            colorbar={
                "thickness": 12,
                "tickvals": [-1, 0, 1],
                "tickfont": {"size": FONT},
                "outlinewidth": 0,
            },
        )
    )
    for i, j in np.ndindex(matrix.shape):
        value = float(matrix[i, j])
        text = "–" if np.isnan(value) else _number(value)
        font = {"size": FONT, "color": ink(value)}
        figure.add_annotation(x=j, y=i, text=text, showarrow=False, font=font)
    ticks = {"tickvals": list(range(len(names))), "fixedrange": True, "showgrid": False, "zeroline": False}
    font = {"tickfont": {"size": FONT}}
    figure.update_layout(
        height=CELL * len(names) + 130,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
        hoverlabel={"font": {"size": FONT}},
        xaxis={**ticks, **font, "ticktext": list(names), "tickangle": -40, "automargin": True},
        yaxis={**ticks, **font, "ticktext": list(names), "autorange": "reversed", "automargin": True},
    )
    return figure
