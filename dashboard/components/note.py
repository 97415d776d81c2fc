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
OPENED = "note opened"  # how many were, the case of the last one, and what stood in it


def note(entry: Entry, entries: Sequence[Entry]) -> None:
    """Draw the note of a case, and the button that saves all notes."""
    notes = held(Notes)
    key, text = _opened(entry.case.id, notes)
    with st.container(key="note"):
        st.text_area(
            "Note",
            text,
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


def _opened(case: str, notes: Notes) -> tuple[str, str]:
    """The key of the field, and what stood in the note when it was opened.

    A value that a run puts into the state is lost where another run follows before the browser has drawn it: the
    browser then says that the field is empty. What a field starts with is never lost, so each time that a note is
    opened, it gets a field of its own.
    """
    state = st.session_state
    number, of, text = state.get(OPENED, (0, "", ""))
    if of != case or f"note {number}" not in state:
        number, text = number + 1, notes.text(case)
        state[OPENED] = number, case, text
    return f"note {number}", text


def _write(case: str, key: str) -> None:
    held(Notes).write(case, st.session_state[key], f"?{urlencode(address.state_of())}")
