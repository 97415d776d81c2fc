"""The viewer draws in the browser: window, zoom, tools and overlay need no rerun.

The pictures arrive once and are decoded once. Zoom, rotation, window and measurements are kept by key and frame; the
settings of the overlay and the layout are kept in the session of the browser.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from dashboard.components.inline import inline_component
from dashboard.components.viewer.values import Box, Pane, Scale
from dashboard.state import begin_steps, new_steps, stepped
from imaging.colormaps import COOL, DIVERGING, SEQUENTIAL

HERE = Path(__file__).parent
LUTS = {
    name: base64.b64encode(np.ascontiguousarray(lut, dtype=np.uint8).tobytes()).decode()
    for name, lut in (("warm", SEQUENTIAL), ("cool", COOL), ("diverging", DIVERGING))
}


def viewer(
    panes: Sequence[Pane],
    *,
    columns: int | None = None,
    scales: Sequence[Scale] = (),
    recipe: str = "",
    stale: bool = False,
    region: Box | None = None,
    can_select: bool = False,
    tall: bool = False,
    long_heads: bool = False,
    key: str = "viewer",
    steps: str = "case",
    on_step: Callable[[int], None] | None = None,
) -> Box | None:
    """Draw panes side by side; returns the area chosen in the case that is shown.

    columns: a fixed grid; None leaves the layout to the reader. recipe: a line below; stale: dim what is no longer
    asked for; region: the area that is chosen when the reader did not choose one here in this case; can_select: offer
    to choose one; tall: use the height of the screen; long_heads: titles and values on lines of their own. steps:
    what the arrow keys go through, in the words of the help, empty where there is nothing; on_step runs before the next
    run when the reader asks for another, with how many further it is.
    """
    frame = next((pane.frame for pane in panes if pane.frame is not None), None)
    here = frame.id if frame else ""
    chosen = _chosen(st.session_state.get(key), here, region)

    def step_on() -> None:
        if on_step and (by := new_steps(key)):
            on_step(by)

    inline_component(HERE)(
        data={
            "key": key,
            "panes": [asdict(pane) for pane in panes],
            "columns": columns,
            "scales": [asdict(scale) for scale in scales],
            "recipe": recipe,
            "stale": stale,
            "region": chosen,
            "canSelect": can_select,
            "tall": tall,
            "longHeads": long_heads,
            "steps": steps,
            "stepped": stepped(key),
            "luts": LUTS,
        },
        key=key,
        on_region_change=_nothing,
        on_stepped_change=step_on,
    )
    begin_steps(key)
    return chosen


def _chosen(state: Any, frame: str, region: Box | None) -> Box | None:
    choice = (state or {}).get("region")
    if choice is None or choice["frame"] != frame:
        return region
    left, top, right, bottom = choice["box"] or (0, 0, 0, 0)
    return (left, top, right, bottom) if choice["box"] else None


def _nothing() -> None:
    """A rerun is all that is needed."""
