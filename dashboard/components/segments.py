"""A row of options of which one is always chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import streamlit as st

T = TypeVar("T")


def pick_one(label: str, options: Sequence[T], usual: T, *, key: str, **more: Any) -> T:
    """The option that the reader chose, at first the usual one; more goes to the widget.

    A widget whose page was left before the browser had drawn it says None: then the usual one counts.
    """
    if st.session_state.get(key) is None:
        st.session_state[key] = usual
    picked = st.segmented_control(label, options, required=True, key=key, **more)
    return usual if picked is None else picked
