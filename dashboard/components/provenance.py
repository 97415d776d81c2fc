"""Where the picture on screen comes from, and what reading it did or assumed."""

from __future__ import annotations

from html import escape

import streamlit as st

from core.values import Case

KINDS = {
    "photograph": "Photograph",
    "projection": "Computed from a CT",
    "phantom": "Phantom",
}


def provenance(case: Case) -> None:
    """Draw a line of facts and the notes of any case."""
    if "kind" in case.source:
        facts = [KINDS[case.source["kind"]], f"license {case.source['license']}"]
    else:
        facts = [f"{name} {value}" for name, value in case.source.items()]
    line, notes = escape(" · ".join(facts)), escape(" ".join(case.notes))
    st.html(f'<p class="provenance">{line}. {notes}</p>')
