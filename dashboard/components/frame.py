"""The frame of every page: name, case and model pickers, wording, pages, and the notice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core.values import Modality
from dashboard.components.links import link_to_model, page
from dashboard.components.picker import picker
from dashboard.components.segments import pick_one
from dashboard.components.theme import theme_switch
from dashboard.components.uploads import collect_uploads
from dashboard.services.cases import current_entry, first_case, worklist_entries
from dashboard.services.models import default_for, offered, title
from dashboard.state import CASE, FOLLOWS, MODEL, PLAIN, TECHNICAL, WORDING
from evaluation.words import NOTICE

STYLE = Path(__file__).parent.parent / "style.css"


def frame(pages: Sequence[str]) -> None:
    """Draw the bar at the top, with links to these pages, and the notice at the bottom."""
    collect_uploads()
    st.html(STYLE)
    with st.container(key="bar", horizontal=True, vertical_alignment="center", gap="small"):
        st.html('<div class="brand">Second Look</div>', width="content")
        _pick_case()
        _pick_model()
        with st.container(key="pages", horizontal=True, vertical_alignment="center", gap=None, width="content"):
            for name in pages:
                st.page_link(page(name))
        pick_one("Wording", [PLAIN, TECHNICAL], PLAIN, key=WORDING, label_visibility="collapsed")
        theme_switch()
    with st.container(key="notice", horizontal=True, gap="small", vertical_alignment="center"):
        st.caption(NOTICE)
        if card := offered().get(st.session_state[MODEL]):
            link_to_model(card, "Model card")


def _pick_case() -> None:
    entries = {entry.case.id: entry for entry in worklist_entries()}
    if st.session_state.get(CASE) not in entries:
        st.session_state[CASE] = first_case()
    picker(
        "Case",
        list(entries),
        CASE,
        format_func=lambda key: entries[key].label,
        placeholder="No case: drop a file",
    )


def _pick_model() -> None:
    entry, choice = current_entry(), offered()
    modality: Modality | None = entry.case.modality if entry else None
    if modality and (st.session_state.get(FOLLOWS) != modality or st.session_state.get(MODEL) not in choice):
        st.session_state[FOLLOWS] = modality
        st.session_state[MODEL] = default_for(modality)
    picker(
        "Model",
        list(choice),
        MODEL,
        format_func={key: title(card) for key, card in choice.items()}.__getitem__,
        placeholder="No model installed",
    )
