"""Keys that press the buttons of a page, wherever the focus is, for whoever stands at a lectern."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dashboard.components.inline import inline_component

HERE = Path(__file__).parent


def presenter(keys: Mapping[str, str]) -> None:
    """Let each key, named as in KeyboardEvent.key, press the button with this Streamlit key, or follow its link."""
    inline_component(HERE)(data={"keys": dict(keys)}, key="presenter")
