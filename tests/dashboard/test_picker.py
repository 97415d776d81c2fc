"""A picker shows what is chosen elsewhere, and nothing takes that back."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

SCRIPT = """
import streamlit as st
from dashboard.components.picker import picker

st.session_state.setdefault("letter", "b")
if st.button("elsewhere"):
    st.session_state["letter"] = "c"
picker("Letter", ["a", "b", "c"], "letter")
"""


def test_both_ways_to_choose_count() -> None:
    app = AppTest.from_string(SCRIPT).run()
    assert app.selectbox[0].value == "b"
    first = app.selectbox[0].key
    app.selectbox[0].set_value("a").run()
    assert (app.session_state["letter"], app.selectbox[0].key) == ("a", first)
    app.button[0].click().run()
    assert app.selectbox[0].value == app.session_state["letter"] == "c"
    assert app.selectbox[0].key != first
    app.selectbox[0].set_value("b").run()
    assert app.session_state["letter"] == app.selectbox[0].value == "b"


def test_a_browser_that_has_not_drawn_it_yet_takes_nothing_back() -> None:
    app = AppTest.from_string(SCRIPT).run()
    before = app.selectbox[0]
    app.button[0].click().run()
    drawn = app.selectbox[0]
    before.set_value("b")  # as it was
    app._tree.children[0].children[1] = before
    app.run()
    assert drawn.key != before.key
    assert app.session_state["letter"] == "c"
