"""Callbacks run to their end.

Streamlit looks for the reader's next click whenever a script touches the session's state. If it finds one while a
callback runs, it leaves that callback where it stands and never comes back: what was asked for first is lost, a note
for instance to the click that left it. Here the next click waits until all callbacks are done. That takes
runner.fastReruns = false (.streamlit/config.toml): else Streamlit begins with the next click in a second thread.
"""

from __future__ import annotations

from typing import Any

from streamlit.runtime.state.safe_session_state import SafeSessionState

_prepare = SafeSessionState.on_script_will_rerun


def _undisturbed(state: SafeSessionState, *args: Any, **more: Any) -> None:
    """Take in what the browser sent and run the callbacks."""
    look = state._yield_callback
    object.__setattr__(state, "_yield_callback", lambda: None)  # setattr() would write into the session
    try:
        _prepare(state, *args, **more)
    finally:
        object.__setattr__(state, "_yield_callback", look)


def install() -> None:
    """For every session of this process."""
    SafeSessionState.on_script_will_rerun = _undisturbed  # type: ignore[method-assign,assignment]
