"""Nothing is lost that was asked for; Streamlit's session loses it in two places.

**Callbacks run to their end.** Streamlit looks for the reader's next click whenever a script touches the state or sends
something to the browser. If it finds one while a callback runs, it leaves that callback where it stands and never comes
back: what was asked for first is lost, a note for instance to the click that left it. Here the next click waits until
all callbacks are done. That takes runner.fastReruns = false (.streamlit/config.toml): else Streamlit begins with the
next click in a second thread.

**What a script set stays on the next page.** When the reader goes to another page, Streamlit keeps the values of those
widgets with persist_state that an earlier run has set, not the last: what a link asked for is lost to a click that
opens another page at once. Here such values are kept from every run.
"""

from __future__ import annotations

import threading
from typing import Any

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.state.safe_session_state import SafeSessionState

_prepare = SafeSessionState.on_script_will_rerun
_look = ScriptRunner._maybe_handle_execution_control_request
_finish = SafeSessionState.on_script_finished
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


def _hand_over(state: SafeSessionState, drawn: frozenset[str], *, remove_stale_widgets: bool = True) -> None:
    """Let what this run set for widgets that persist be found where the values of earlier runs are."""
    with state._lock:
        session = state._state
        for key, value in session._new_session_state.items():
            widget = session._get_widget_id(key)
            if session._persist_tracker.scope_of(widget) is not None:
                session._old_state[widget] = value
    _finish(state, drawn, remove_stale_widgets=remove_stale_widgets)


def install() -> None:
    """For every session of this process."""
    SafeSessionState.on_script_will_rerun = _prepare_undisturbed  # type: ignore[method-assign,assignment]
    ScriptRunner._maybe_handle_execution_control_request = _look_between  # type: ignore[method-assign,assignment]
    SafeSessionState.on_script_finished = _hand_over  # type: ignore[method-assign,assignment]
