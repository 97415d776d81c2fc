"""What this is, what it is not, how to read the screen, and the words it uses."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard.components.glossary import GLOSSARY

TEXT = Path(__file__).with_suffix(".md")


def about() -> None:
    """The page."""
    with st.container(key="document"), st.container(key="prose"):
        st.markdown(TEXT.read_text(encoding="utf-8"))
        st.header("Words", anchor=False)
        st.markdown("\n".join(f"- **{term}.** {meaning}" for term, meaning in GLOSSARY.items()))
