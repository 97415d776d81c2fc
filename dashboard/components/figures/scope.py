"""How far pictures are from what a model was trained on, by their features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dashboard.components.figures.theme import FONT, MAIN, MUTED, OTHER, canvas
from model_zoo.measures import Array

ROW = 64  # pixels


def distance_strips(kinds: Mapping[str, Array], limit: float, *, technical: bool) -> Any:
    """A strip for each kind of pictures, a tick for each picture, and the limit beyond which none is in scope."""
    figure = canvas(
        "Mahalanobis distance of the features (root mean square)"
        if technical
        else "Distance from the training pictures",
        "",
        height=100 + ROW * len(kinds),
        legend=0,
    )
    figure.update_layout(margin={"l": 12, "t": 8})
    figure.update_xaxes(rangemode="tozero")
    figure.update_yaxes(range=[-0.45, len(kinds)], visible=False)
    for row, (name, values) in enumerate(reversed([*kinds.items()])):
        beyond = np.asarray(values) > limit
        for color, chosen in ((MAIN, ~beyond), (OTHER, beyond)):
            figure.add_scatter(
                x=values[chosen],
                y=np.full(int(chosen.sum()), row),
                mode="markers",
                marker={"symbol": "line-ns", "size": 22, "line": {"width": 1, "color": color}, "opacity": 0.55},
                name=name,
                hovertemplate=f"{name}: %{{x:.2f}}<extra></extra>",
            )
        edge = {"color": MUTED, "width": 2}
        figure.add_shape(type="line", x0=limit, x1=limit, y0=row - 0.32, y1=row + 0.32, line=edge)
        label = f"{name} (n = {len(values)})"
        figure.add_annotation(
            x=0, xref="paper", xanchor="left", y=row + 0.42, text=label, showarrow=False, font={"size": FONT}
        )
    figure.add_annotation(
        x=limit, y=len(kinds) - 0.15, text="limit", showarrow=False, font={"size": FONT, "color": MUTED}
    )
    return figure
