"""A callback is not left where it stands for the next click, and what was set is not lost to a change of page."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.testing.v1 import AppTest

from dashboard import session

CONFIG = Path(__file__).resolve().parents[2] / ".streamlit" / "config.toml"


def script() -> None:
    import streamlit as st
    from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx

    def write() -> None:
        context = get_script_run_ctx()
        assert context is not None
        assert context.script_requests is not None
        context.script_requests.request_rerun(RerunData())  # the next click
        st.query_params["step"] = "2"
        st.session_state["kept"] = st.session_state["note"]

    st.text_area("Note", key="note", on_change=write)
    st.session_state["runs"] = st.session_state.get("runs", 0) + 1


def noted() -> AppTest:
    app = AppTest.from_function(script).run()
    app.text_area[0].input("Opacities in both lungs.").run()
    assert not app.exception
    assert app.session_state["runs"] == 2, "the next click has its run, and takes the place of the one before"
    return app


def test_what_was_asked_for_first_is_not_lost_to_the_next_click() -> None:
    assert noted().session_state["kept"] == "Opacities in both lungs."


def test_streamlit_would_lose_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SafeSessionState, "on_script_will_rerun", session._prepare)
    monkeypatch.setattr(ScriptRunner, "_maybe_handle_execution_control_request", session._look)
    assert "kept" not in noted().session_state, "Streamlit does it itself: that part of dashboard/session.py can go"


def pages() -> None:
    import streamlit as st

    def asked_for() -> None:
        st.session_state.setdefault("here", True)
        shown()

    def shown() -> None:
        st.session_state["read"] = st.toggle("Here", key="here", persist_state="session")

    st.navigation([st.Page(asked_for, default=True), st.Page(shown, url_path="shown")]).run()


def on_the_next_page() -> bool:
    """Whether the toggle is on there, for a browser that leaves the first page before it has drawn it."""
    app = AppTest.from_function(pages).run()
    (app._page_hash,) = (key for key, page in app._registered_pages.items() if page["url_pathname"] == "shown")
    app._run(WidgetStates())
    assert not app.exception
    on: bool = app.session_state["read"]
    return on


def test_what_was_set_is_not_lost_to_a_change_of_page() -> None:
    assert on_the_next_page()


def test_streamlit_would_lose_that_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SafeSessionState, "on_script_finished", session._finish)
    assert not on_the_next_page(), "Streamlit does it itself: that part of dashboard/session.py can go"


def dial() -> None:
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    def turned() -> None:
        st.session_state["turns"] = [*st.session_state.get("turns", []), st.session_state["dial"].turn]

    make = st.components.v2.component("dial", html="<p></p>", js="export default function(){}")
    make(data=[{"a": 1}], key="dial", on_turn_change=turned)
    context = get_script_run_ctx()
    assert context is not None
    st.session_state["ids"] = list(context.session_state._state._new_widget_state.widget_metadata)


def test_a_component_tells_each_of_its_events_once() -> None:
    app = AppTest.from_function(dial).run()
    (events,) = (key for key in app.session_state["ids"] if "events" in key)
    for turn in (1, 2, 3):
        sent = WidgetStates()
        widget = sent.widgets.add()
        widget.id, widget.json_trigger_value = events, json.dumps([{"event": "turn", "value": turn}])
        app._run(sent)
    app._run(WidgetStates())
    assert not app.exception
    assert app.session_state["turns"] == [1, 2, 3]
    assert not app.session_state["dial"]


def test_the_server_finishes_one_run_before_the_next() -> None:
    import dashboard.server

    assert dashboard.server.session is session
    assert SafeSessionState.on_script_will_rerun is session._prepare_undisturbed
    assert ScriptRunner._maybe_handle_execution_control_request is session._look_between
    assert SafeSessionState.on_script_finished is session._hand_over
    assert tomllib.loads(CONFIG.read_text())["runner"]["fastReruns"] is False
