"""Callbacks run to their end.

Streamlit looks for the reader's next click whenever a script touches the session's state. If it finds one while a
callback runs, it leaves that callback where it stands and never comes back: what was asked for first is lost, a note
for instance to the click that left it. Here the next click waits until the script itself begins.
"""

from __future__ import annotations

from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

_take = ScriptRunner._maybe_handle_execution_control_request


def _take_once_begun(runner: ScriptRunner) -> None:
    context = get_script_run_ctx(suppress_warning=True)
    if context is None or context.has_script_started:
        _take(runner)


def install() -> None:
    """For every session of this process."""
    ScriptRunner._maybe_handle_execution_control_request = _take_once_begun  # type: ignore[method-assign,assignment]
