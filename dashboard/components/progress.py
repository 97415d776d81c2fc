"""What is going on, and the way to stop it, at the place where the result will be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import streamlit as st

from core.values import ModelCard
from dashboard.components.message import message
from dashboard.services.jobs import Job
from evaluation.suitability import Objection

POLL_SECONDS = 0.3


@st.fragment(run_every=POLL_SECONDS)
def progress(job: Job[Any], doing: str, cancel: Callable[[], None], awaited: tuple[type, ...] = ()) -> None:
    """Draw a card with a bar, the time left and Cancel, and run the page again when the job has ended, or has
    published something of a kind that is awaited before its end."""
    if job.finished or isinstance(job.early, awaited):
        st.rerun()
    with st.container(key=f"progress {doing}", horizontal=True, vertical_alignment="center"):
        st.progress(job.share, _said(job, doing))
        if st.button("Cancel", key=f"cancel {doing}"):
            cancel()
            st.rerun()


def halted(reason: str, button: str = "", act: Callable[[], None] | None = None) -> None:
    """Draw a card that says why there is no result, and where something can be done about it, a button for that."""
    with st.container(key="progress halted"):
        message(reason)
        if button:
            st.button(button, on_click=act)


def gate(card: ModelCard, objections: Sequence[Objection], insist: Callable[[], None]) -> None:
    """Draw a card that says why a model is not asked about a case, and the button to do it anyway."""
    items = "".join(f"<li>{escape(objection.reason)}</li>" for objection in objections)
    with st.container(key="progress gate"):
        message(f"Out of scope: this is no image for the model {card.name!r}.")
        st.html(f'<ul class="cautions" aria-label="Reasons">{items}</ul>')
        st.button("Show anyway", on_click=insist)


def _said(job: Job[Any], doing: str) -> str:
    others = job.others
    users = "1 other user" if others == 1 else f"{others} other users"
    if job.state == "waiting":
        return f"{doing}: waiting for its turn" + (f", after {users}" if others else "")
    shared = f", taking turns with {users}" if others else ""
    left = job.seconds_left
    if left is None:
        return doing + shared
    return f"{doing}: {100 * job.share:.0f} %, {max(1, round(left))} s left{shared}"
