"""What is computed now, how long it takes, and the way to stop it, on one line of a fixed height."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard.components.message import message
from dashboard.components.progress import POLL_SECONDS
from dashboard.services.errands import Errands


def under_way(errands: Errands[Any, Any], what: str, drawn: int) -> bool:
    """Draw it, where some of what is wanted is missing; whether there was anything to draw.

    drawn: how many had ended before the page looked at them.
    """
    missing = len(errands.wanted) - drawn
    if errands.working or drawn < errands.done:
        _progress(errands, what, drawn)
    elif missing:
        message(f"Canceled with {missing} of {len(errands.wanted)} {what} missing.")
        st.button("Compute the rest", key=f"go on with {what}", on_click=errands.resume)
    elif errands.failed:
        message(f"{errands.failed} of {len(errands.wanted)} {what} failed.")
        st.button("Try again", key=f"try {what} again", on_click=errands.resume)
    return missing > 0 or errands.failed > 0


@st.fragment(run_every=POLL_SECONDS)
def _progress(errands: Errands[Any, Any], what: str, drawn: int) -> None:
    """Draw a bar, the time left and Cancel, and run the page again when something has ended."""
    if errands.done != drawn or errands.halted:
        st.rerun()
    left = errands.seconds_left
    rest = "" if left is None else f", {max(1, round(left))} s left"
    with st.container(key=f"under way {what}", horizontal=True, vertical_alignment="center"):
        st.progress(errands.share, f"Computing: {errands.done} of {len(errands.wanted)} {what}{rest}")
        if st.button("Cancel", key=f"cancel {what}"):
            errands.stop()
            st.rerun()
