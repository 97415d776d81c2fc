"""Notes on cases: what a reader wrote stays, however often the case is left and opened again."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from dashboard.services.notes import Notes

PAGE = """
import streamlit as st
from dashboard.components.note import note
from dashboard.services.cases import bundled

entries = bundled()
which = st.session_state.get("which")
if which is not None:
    note(entries[which], entries)
"""


def case(app: AppTest, which: int | None) -> AppTest:
    app.session_state["which"] = which
    app.run()
    assert not app.exception
    return app


def test_a_note_is_there_again_without_a_value_that_a_busy_browser_could_miss() -> None:
    app = case(AppTest.from_string(PAGE), 0)
    app.text_area[0].set_value(" An opacity. ").run()
    assert app.text_area[0].value == " An opacity. "
    case(app, 1)
    assert app.text_area[0].value == ""
    app.text_area[0].set_value("Clear.").run()
    for which, text in ((0, "An opacity."), (1, "Clear."), (None, ""), (1, "Clear.")):
        case(app, which)
        for _ in range(2 if which is not None else 0):  # the browser may see the second run alone
            field = app.text_area[0]
            assert (field.value, field.proto.default, field.proto.set_value) == (text, text, False)
            app.run()
    kept = app.session_state["held dashboard.services.notes.Notes"]
    assert isinstance(kept, Notes)
    assert [text for text, _ in kept.kept.values()] == ["An opacity.", "Clear."]


def test_a_note_that_is_written_on_is_the_same_field() -> None:
    app = case(AppTest.from_string(PAGE), 0)
    first = app.text_area[0].proto.id
    app.text_area[0].set_value("An opacity.").run()
    assert app.text_area[0].proto.id == first
    app.text_area[0].set_value("").run()
    assert app.text_area[0].proto.id == first
    assert not app.session_state["held dashboard.services.notes.Notes"].kept
