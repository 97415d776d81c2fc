"""A picker of what can be chosen elsewhere too: by a link, a list, or the button for the next case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st


def picker(label: str, options: Sequence[Any], key: str, then: Callable[[], None] = lambda: None, **more: Any) -> None:
    """Draw a picker over what stands in the state under a key; then() follows a choice, more goes to the widget.

    The browser tells the state of every widget with each click. What was clicked before it had drawn a choice made
    elsewhere would take that back, so such a choice gets a widget of its own.
    """
    state, drawn = st.session_state, f"{key} drawn"
    number, last = state.get(drawn, (0, None))
    chosen = state.setdefault(key, None)
    if last != chosen:
        number += 1
    state[drawn] = number, chosen
    widget = f"{key} picker {number}"
    index = options.index(chosen) if chosen in options else None

    def choose() -> None:
        if state[drawn][0] == number:
            state[key] = state[widget]
            state[drawn] = number, state[widget]
            then()

    st.selectbox(label, options, index, key=widget, on_change=choose, label_visibility="collapsed", **more)
