"""The frame of every page: name, case and model pickers, wording, pages, and the notice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from core.values import Modality
from dashboard.components.uploads import collect_uploads
from dashboard.services.cases import Entry, worklist_entries
from dashboard.services.models import models, models_for
from dashboard.state import CASE, MODEL, PLAIN, TECHNICAL, WORDING
from evaluation.words import NOTICE

STYLE = Path(__file__).parent.parent / "style.css"


def frame(pages: Sequence[Any]) -> None:
    """Draw the bar at the top and the notice at the bottom."""
    collect_uploads()
    st.html(STYLE)
    with st.container(key="bar", horizontal=True, vertical_alignment="center", gap="small"):
        st.html('<div class="brand">Second Look</div>', width="content")
        _pick_case()
        _pick_model()
        with st.container(key="pages", horizontal=True, vertical_alignment="center", gap=None, width="content"):
            for page in pages:
                st.page_link(page)
        st.segmented_control(
            "Wording", [PLAIN, TECHNICAL], default=PLAIN, required=True, key=WORDING, label_visibility="collapsed"
        )
    with st.container(key="notice"):
        st.caption(NOTICE)


def current_entry() -> Entry | None:
    """The case that is picked; None when there are no cases at all."""
    return {entry.case.id: entry for entry in worklist_entries()}.get(st.session_state[CASE])


def _pick_case() -> None:
    entries = {entry.case.id: entry for entry in worklist_entries()}
    if st.session_state.get(CASE) not in entries:
        with_finding = (key for key, entry in entries.items() if any(entry.case.truth.values()))
        st.session_state[CASE] = next(with_finding, next(iter(entries), None))
    st.selectbox(
        "Case",
        list(entries),
        format_func=lambda key: entries[key].label,
        key=CASE,
        label_visibility="collapsed",
        placeholder="No case: drop a file",
    )


def _pick_model() -> None:
    entry = current_entry()
    modality: Modality | None = entry.case.modality if entry else None
    if modality and (st.session_state.get("model follows") != modality or st.session_state.get(MODEL) not in models()):
        st.session_state["model follows"] = modality
        st.session_state[MODEL] = next(iter(models_for(modality) or models()), None)
    st.selectbox(
        "Model",
        list(models()),
        format_func=lambda key: models()[key].name,
        key=MODEL,
        label_visibility="collapsed",
        placeholder="No model installed",
    )
