"""The note about a case, and the way to the next one."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import streamlit as st

from dashboard.components.worklist import reading_order
from dashboard.services import address
from dashboard.services.cases import Entry
from dashboard.services.notes import LONGEST, Notes
from dashboard.state import CASE, held

NOTE_HEIGHT = 92


def note(entry: Entry, entries: Sequence[Entry]) -> None:
    """Draw the note of a case, the buttons to its neighbors, and the one that saves all notes."""
    notes, key = held(Notes), f"note {entry.case.id}"
    st.session_state.setdefault(key, notes.text(entry.case.id))
    alone = not reading_order(entries)
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
        with st.container(horizontal=True, key="onward"):
            st.button("Previous case", disabled=alone, on_click=step, args=(-1, entries))
            st.button("Next case", type="primary", disabled=alone, on_click=step, args=(1, entries))
            if notes.kept:
                count = f"{len(notes.kept)} note{'s' if len(notes.kept) > 1 else ''}"
                st.download_button(f"Save {count}", notes.report(entries), "second-look-notes.txt", on_click="ignore")


def step(by: int, entries: Sequence[Entry]) -> None:
    """Make a neighbor in the worklist the current case, round the corner at the ends; the first that the list shows
    where the current one is filtered out."""
    ids, here = reading_order(entries), st.session_state[CASE]
    if ids:
        st.session_state[CASE] = ids[(ids.index(here) + by) % len(ids)] if here in ids else ids[0]


def _write(case: str, key: str) -> None:
    held(Notes).write(case, st.session_state[key], f"?{urlencode(address.state_of())}")
