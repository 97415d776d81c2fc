"""Dark, as a reading room is, or light: a button that changes the colors at once and keeps the session."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard.components.inline import inline_component

HERE = Path(__file__).parent
SHAPES = ("baseRadius", "baseFontSize", "headingFontSizes")  # what both themes of .streamlit/config.toml share


def theme_switch() -> None:
    """Draw the button; the theme that was chosen in this browser before, dark at first, is shown without a click."""
    shapes = {name: st.get_option(f"theme.{name}") for name in SHAPES}
    inline_component(HERE)(data={"shapes": shapes}, key="theme", width="content")
