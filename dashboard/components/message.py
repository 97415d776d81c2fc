"""Messages as plain text: what a file says about itself is shown, never interpreted."""

from __future__ import annotations

import re
from html import escape
from typing import Literal

import streamlit as st


def message(text: str, kind: Literal["error", "info"] = "info") -> None:
    """Draw a message, each line of text on a line of its own."""
    role = "alert" if kind == "error" else "status"
    st.html(f'<div class="message {kind}" role="{role}">{escape(text)}</div>')


def literal(text: str) -> str:
    """The text as it stands, where Streamlit would take it for Markdown."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:^=&])", r"\\\1", text)
