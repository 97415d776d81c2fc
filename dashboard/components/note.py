"""The note about a case."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import streamlit as st

from dashboard.services import address
from dashboard.services.cases import Entry
from dashboard.services.notes import LONGEST, Notes
from dashboard.state import held

NOTE_HEIGHT = 92


def note(entry: Entry, entries: Sequence[Entry]) -> None:
    """Draw the note of a case, and the button that saves all notes."""
    notes, key = held(Notes), f"note {entry.case.id}"
    st.session_state.setdefault(key, notes.text(entry.case.id))
    with st.container(key="note"):
        st.text_area(
            "Note",
            key=key,
            max_chars=LONGEST,
            height=NOTE_HEIGHT,
            placeholder="What did you see? It stays in this session until you save it.",
            on_change=_write,
            args=(entry.case.id, key),
        )
        if notes.kept:
            count = f"{len(notes.kept)} note{'s' if len(notes.kept) > 1 else ''}"
            st.download_button(f"Save {count}", notes.report(entries), "second-look-notes.txt", on_click="ignore")


def _write(case: str, key: str) -> None:
    held(Notes).write(case, st.session_state[key], f"?{urlencode(address.state_of())}")
