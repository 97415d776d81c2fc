"""Components of our own, whose HTML, CSS and JavaScript lie in one folder and are served inline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st


def inline_component(folder: Path) -> Any:
    """The mounting command of the component folder/<folder name>.{html,css,js}.

    All .js files of the folder make one module, the one that is named after the folder last. Streamlit's registry
    belongs to the running server, so ask anew in each run; a known component is kept. Data arrives as [data]: in what
    is no list, Streamlit looks for data frames, with pandas, which takes a quarter of a second to import.
    """

    def source(kind: str) -> str:
        return (folder / f"{folder.name}.{kind}").read_text(encoding="utf-8")

    scripts = sorted(folder.glob("*.js"), key=lambda path: (path.stem == folder.name, path.name))
    name = f"second_look_{folder.name}"
    script = "\n".join(path.read_text(encoding="utf-8") for path in scripts)
    mount = st.components.v2.component(name, html=source("html"), css=source("css"), js=script)
    return lambda data, **settings: mount(data=[data], **settings)
