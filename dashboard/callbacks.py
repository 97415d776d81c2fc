"""Callbacks run to their end.

Streamlit looks for the reader's next click whenever a script touches the session's state or sends something to the
browser. If it finds one while a callback runs, it leaves that callback where it stands and never comes back: what was
asked for first is lost, a note for instance to the click that left it. Here the next click waits until all callbacks
are done. That takes runner.fastReruns = false (.streamlit/config.toml): else Streamlit begins with the next click in a
second thread.
"""

from __future__ import annotations

import threading
from typing import Any

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.state.safe_session_state import SafeSessionState

_prepare = SafeSessionState.on_script_will_rerun
_look = ScriptRunner._maybe_handle_execution_control_request
_preparing = threading.local()


def _prepare_undisturbed(state: SafeSessionState, *args: Any, **more: Any) -> None:
    """Take in what the browser sent and run the callbacks."""
    _preparing.now = True
    try:
        _prepare(state, *args, **more)
    finally:
        _preparing.now = False


def _look_between(runner: ScriptRunner) -> None:
    """Go on with the next click if there is one, but not in the midst of a callback."""
    if not getattr(_preparing, "now", False):
        _look(runner)


def install() -> None:
    """For every session of this process."""
    SafeSessionState.on_script_will_rerun = _prepare_undisturbed  # type: ignore[method-assign,assignment]
    ScriptRunner._maybe_handle_execution_control_request = _look_between  # type: ignore[method-assign,assignment]
