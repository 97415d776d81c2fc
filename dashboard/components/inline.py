"""Components of our own, whose HTML, CSS and JavaScript lie in one folder and are served inline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st


def inline_component(folder: Path) -> Any:
    """The mounting command of the component folder/<folder name>.{html,css,js}.

    Streamlit's registry belongs to the running server, so ask anew in each run; a known component is kept.
    """

    def source(kind: str) -> str:
        return (folder / f"{folder.name}.{kind}").read_text(encoding="utf-8")

    name = f"second_look_{folder.name}"
    return st.components.v2.component(name, html=source("html"), css=source("css"), js=source("js"))
