"""A row of options of which one is always chosen."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard.components.segments import pick_one


def choosing() -> None:
    import streamlit as st

    from dashboard.components.segments import pick_one

    st.text(pick_one("Side", ["left", "right"], "right", key="side"))


def test_at_first_the_usual_one_is_chosen_and_then_what_the_reader_chose() -> None:
    app = AppTest.from_function(choosing).run()
    assert app.text[0].value == "right"
    app.segmented_control(key="side").set_value("left").run()
    assert app.text[0].value == "left"


def test_an_emptied_choice_is_the_usual_one_again() -> None:
    app = AppTest.from_function(choosing).run()
    app.session_state["side"] = None
    assert app.run().text[0].value == "right"
    assert app.session_state["side"] == "right"


def test_a_browser_that_has_not_drawn_it_yet_says_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def undrawn(*given: Any, **more: Any) -> None:
        assert more["required"]

    monkeypatch.setattr(st, "segmented_control", undrawn)
    assert pick_one("Side", ["left", "right"], "right", key="side") == "right"
