"""Drag-and-drop upload, and how the current upload is read."""

from __future__ import annotations

import streamlit as st

from core.values import MODALITIES
from dashboard.components.message import message
from dashboard.services.address import Address
from dashboard.services.cases import Entry, Uploads
from dashboard.state import CASE, held, listening
from imaging.limits import MAX_BYTES

GENERATION = "drop zone generation"
SETTLE_SECONDS = 0.4  # what is read by then needs no progress bar


def drop_zone() -> None:
    """Take in files; a zone that has done so is replaced by a fresh one, which shows no names and holds no bytes."""
    generation = st.session_state.setdefault(GENERATION, 0)
    st.file_uploader(
        "Upload an image",
        accept_multiple_files=True,
        key=_zone(generation),
        on_change=_take_in,
        args=(generation,),
        max_upload_size=MAX_BYTES >> 20,
        label_visibility="collapsed",
    )


def collect_uploads() -> None:
    """Make what has just been read the current case; call before the case picker is drawn."""
    entry = held(Uploads).collect()
    if entry is not None:
        st.session_state[CASE] = entry.case.id


def refusals() -> None:
    """What could not be read, or followed, until the next file or link, or until the reader has seen it."""
    refused = [*held(Uploads).refused, *held(Address).refused]
    if refused:
        with st.container(key="refused", horizontal=True, vertical_alignment="center", wrap=False):
            message("\n".join(refused), "error")
            st.button("Close", on_click=_seen)


def _seen() -> None:
    held(Uploads).refused.clear()
    held(Address).refused.clear()


def read_as(entry: Entry) -> None:
    """How an uploaded file is read: kind of picture, and frame where it has several."""
    st.selectbox(
        "Read as",
        list(MODALITIES),
        list(MODALITIES).index(entry.case.modality),
        format_func=MODALITIES.__getitem__,
        key=f"read as {entry.case.id}",
        on_change=_reread,
        args=(entry,),
    )
    if entry.frames > 1:
        st.number_input(
            f"Frame, of {entry.frames}",
            1,
            entry.frames,
            1 + entry.frame,
            key=f"frame {entry.case.id}",
            on_change=_reread,
            args=(entry,),
        )


def _zone(generation: int) -> str:
    return f"dropped {generation}"


def _take_in(generation: int) -> None:
    if generation != st.session_state[GENERATION]:
        return  # the browser sent it again before it read that this zone is gone
    st.session_state[GENERATION] += 1
    uploads = held(Uploads)
    uploads.read([file.getvalue() for file in st.session_state[_zone(generation)]], listening())
    _settle(uploads)


def _reread(entry: Entry) -> None:
    uploads = held(Uploads)
    frame = st.session_state.get(f"frame {entry.case.id}", 1) - 1
    uploads.reread(entry, frame, st.session_state[f"read as {entry.case.id}"], listening())
    _settle(uploads)


def _settle(uploads: Uploads) -> None:
    if uploads.job is not None:
        uploads.job.wait(SETTLE_SECONDS)
