"""Two pictures side by side, with linked zoom and contrast; the browser says which one was picked, and how soon.

The time runs from the frame after the one that shows both pictures to the click or key. An answer takes no other way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import streamlit as st

from dashboard.components.inline import inline_component

Side: TypeAlias = Literal["left", "right"]

HERE = Path(__file__).parent
KEY = "pair"


@dataclass(frozen=True)
class Pick:
    """The answer to pair number, after so many seconds."""

    number: int
    side: Side
    seconds: float


def pair(number: int, shape: tuple[int, int, int], left: str, right: str, picked: Callable[[Pick], None]) -> None:
    """Draw base64 of raw little-endian 16-bit values (height, width, channels), and call picked before the next run."""
    height, width, channels = shape
    inline_component(HERE)(
        data={
            "number": number,
            "height": height,
            "width": width,
            "channels": channels,
            "left": left,
            "right": right,
        },
        key=KEY,
        on_pick_change=lambda: _report(picked),
    )


def _report(picked: Callable[[Pick], None]) -> None:
    pick = st.session_state[KEY].pick
    if pick:
        side: Side = "left" if pick["side"] == "left" else "right"
        picked(Pick(int(pick["number"]), side, float(pick["milliseconds"]) / 1000))
