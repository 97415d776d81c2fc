"""A callback is not left where it stands when the next click arrives."""

from __future__ import annotations

import pytest
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.testing.v1 import AppTest

from dashboard import callbacks

LEFT = "_maybe_handle_execution_control_request"


@pytest.fixture
def patience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(ScriptRunner, LEFT, callbacks._take)
    patient: bool = request.param
    if patient:
        callbacks.install()
    return patient


def script() -> None:
    import streamlit as st
    from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx

    def write() -> None:
        context = get_script_run_ctx()
        assert context is not None
        assert context.script_requests is not None
        context.script_requests.request_rerun(RerunData())  # the next click
        st.session_state["kept"] = st.session_state["note"]

    st.text_area("Note", key="note", on_change=write)
    st.session_state["runs"] = st.session_state.get("runs", 0) + 1


@pytest.mark.parametrize("patience", [False, True], indirect=True)
def test_what_was_asked_for_first_is_not_lost_to_the_next_click(patience: bool) -> None:
    app = AppTest.from_function(script).run()
    app.text_area[0].input("Opacities in both lungs.").run()
    assert not app.exception
    assert ("kept" in app.session_state) == patience, "Streamlit finishes callbacks itself: this module can go"
    if patience:
        assert app.session_state["kept"] == "Opacities in both lungs."
    assert app.session_state["runs"] == 2, "the next click had its run"


def test_the_server_lets_callbacks_run_to_their_end() -> None:
    import dashboard.server  # noqa: F401

    assert getattr(ScriptRunner, LEFT) is callbacks._take_once_begun
