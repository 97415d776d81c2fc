"""What is computed now, how long it takes, and the way to stop it."""

from __future__ import annotations

import streamlit as st

from dashboard.components.message import message
from dashboard.components.progress import POLL_SECONDS
from dashboard.services.grid import Grid


def under_way(grid: Grid) -> bool:
    """Draw it, where cells are missing; whether there was anything to draw."""
    cells, missing = len(grid.wanted), len(grid.wanted) - grid.done
    if grid.working:
        _progress(grid, grid.done)
    elif grid.stopped:
        message(f"Canceled with {missing} of {cells} cells missing.")
        st.button("Compute the rest", on_click=grid.resume)
    elif grid.failed:
        message(f"{grid.failed} of {cells} cells failed.")
        st.button("Try again", on_click=grid.resume)
    return grid.done < cells or grid.failed > 0


@st.fragment(run_every=POLL_SECONDS)
def _progress(grid: Grid, drawn: int) -> None:
    """Draw a bar, the time left and Cancel, and run the page again when a further cell has ended."""
    if grid.done != drawn:
        st.rerun()
    left = grid.seconds_left
    rest = "" if left is None else f", {max(1, round(left))} s left"
    with st.container(key="compare-progress", horizontal=True, vertical_alignment="center"):
        st.progress(grid.share, f"Computing: {grid.done} of {len(grid.wanted)} cells{rest}")
        if st.button("Cancel", key="cancel comparing"):
            grid.stop()
            st.rerun()
