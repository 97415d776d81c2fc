"""Typed access to what one browser session holds. Nothing here outlives the session."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

CASE, MODEL, WORDING = "case", "model", "wording"
PLAIN, TECHNICAL = "Plain", "Technical"

T = TypeVar("T")


def held(make: Callable[[], T]) -> T:
    """The one object of this class in this session, made on first use."""
    key = f"held {make.__module__}.{make.__qualname__}"
    if key not in st.session_state:
        st.session_state[key] = make()
    value: T = st.session_state[key]
    return value


def technical() -> bool:
    """Whether the reader asked for the technical wording and the full tables."""
    return bool(st.session_state.get(WORDING) == TECHNICAL)


def listening() -> Callable[[], bool]:
    """A function, for any thread, that says whether this session is still open."""
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return lambda: True
    session_id, server = context.session_id, runtime.get_instance()
    return lambda: server.is_active_session(session_id)
