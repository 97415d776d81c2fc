"""What a method is, what it guarantees and when to distrust it, in the words of its own file."""

from __future__ import annotations

import re

import streamlit as st

from core.registry import Method

FORMULA = re.compile(r"\$[^$]+\$")  # Streamlit shows no formula that is broken over two lines


def method_text(method: Method) -> None:
    """Draw the text."""
    st.markdown(FORMULA.sub(lambda formula: formula[0].replace("\n", " "), method.text))


def about(method: Method) -> None:
    """Draw a question mark that opens the text."""
    with st.popover(f"About {method.name}", icon=":material/help:", type="tertiary", key=f"about {method.key}"):
        st.markdown(f"**{method.name}**")
        method_text(method)
