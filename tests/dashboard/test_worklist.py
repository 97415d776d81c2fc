"""The list of cases: its groups, and the way from one case to the next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.values import MODALITIES
from dashboard.services import cases
from dashboard.services.cases import Entry, Uploads, worklist_entries
from dashboard.state import CASE, ORDER
from imaging.phantoms import phantom
from tests.dashboard.steps import PATIENCE


def listed() -> None:
    """The list, and the note below with its buttons to other cases."""
    import streamlit as st  # runs in a script of its own

    from dashboard.components.note import note
    from dashboard.components.worklist import worklist
    from dashboard.services.cases import worklist_entries

    entries = worklist_entries()
    st.session_state.setdefault("case", entries[0].case.id)
    worklist(entries, {}, {}, 0, short=False)
    note({entry.case.id: entry for entry in entries}[st.session_state["case"]], entries)


def opened(order: list[str] | None = None, case: str = "") -> AppTest:
    """The list as it is once the reader has it in this order."""
    app = AppTest.from_function(listed, default_timeout=PATIENCE)
    if order is not None:
        app.session_state[ORDER] = order
    if case:
        app.session_state[CASE] = case
    app.run()
    assert not app.exception
    return app


def sent(app: AppTest) -> Mapping[str, Any]:
    """What the browser is told."""
    (component,) = app.get("bidi_component")
    told: Mapping[str, Any] = json.loads(component.proto.json)[0]
    return told


def gone(app: AppTest, label: str) -> str:
    """The case after a click on this button."""
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return str(app.session_state[CASE])


IDS = [entry.case.id for entry in cases.bundled()]


def test_without_a_filter_the_next_case_is_the_next_of_all_and_the_ends_meet() -> None:
    assert gone(opened(), "Next case") == IDS[1]
    assert gone(opened(), "Previous case") == IDS[-1]
    assert gone(opened(case=IDS[-1]), "Next case") == IDS[0]


def test_the_next_case_is_the_next_that_the_reader_sees() -> None:
    order = [IDS[5], IDS[0], IDS[3]]
    assert gone(opened(order), "Next case") == IDS[3]
    assert gone(opened(order), "Previous case") == IDS[5]
    assert gone(opened(order, case=IDS[3]), "Next case") == IDS[5]


def test_from_a_case_that_is_filtered_out_both_ways_lead_to_the_first_that_is_shown() -> None:
    order = [IDS[5], IDS[3]]
    assert gone(opened(order), "Next case") == IDS[5]
    assert gone(opened(order), "Previous case") == IDS[5]


def test_a_case_that_left_the_session_is_passed_over() -> None:
    assert gone(opened([IDS[0], "dropped", IDS[3]]), "Next case") == IDS[3]


def test_where_nothing_is_shown_there_is_no_next_case() -> None:
    labels = {button.label: button.disabled for button in opened([]).button}
    assert labels == {"Previous case": True, "Next case": True}


def test_the_browser_is_told_the_order_that_is_known_and_all_kinds() -> None:
    assert sent(opened())["order"] is None
    told = sent(opened([IDS[2], IDS[0]]))
    assert told["order"] == [IDS[2], IDS[0]]
    assert told["kinds"] == list(MODALITIES.values())
    assert [line["id"] for line in told["lines"]] == IDS
    assert {line["kind"] for line in told["lines"]} == set(told["kinds"])


def test_uploads_come_first_and_kind_by_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = ("fundus", "cxr", "fundus", "dermoscopy")
    made = [
        Entry(phantom(kind, True, number, 32), f"Upload {number}", data=b"x") for number, kind in enumerate(kinds, 1)
    ]
    monkeypatch.setattr(cases, "held", lambda _: Uploads(entries=made[::-1]))
    titles = [entry.title for entry in worklist_entries()]
    assert titles[:4] == ["Upload 2", "Upload 4", "Upload 3", "Upload 1"]
    lines = sent(opened())["lines"]
    assert [line["group"] for line in lines[:5]] == [
        "Uploads · Chest X-ray",
        "Uploads · Dermoscopy",
        "Uploads · Fundus photograph",
        "Uploads · Fundus photograph",
        "Chest X-ray",
    ]
