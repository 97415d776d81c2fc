"""The list of cases: its groups, and the way from one case to the next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.testing.v1 import AppTest

from core.values import MODALITIES
from dashboard.services import cases
from dashboard.services.cases import Entry, Uploads, worklist_entries
from dashboard.state import CASE, ORDER
from imaging.phantoms import phantom
from tests.dashboard.steps import PATIENCE


def listed() -> None:
    """The list."""
    import streamlit as st  # runs in a script of its own

    from dashboard.components.worklist import worklist
    from dashboard.services.cases import worklist_entries

    entries = worklist_entries()
    st.session_state.setdefault("case", entries[0].case.id)
    worklist(entries, {}, {}, 0, short=False)


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


def heard(app: AppTest, **said: Any) -> str:
    """The case after the browser has said this."""
    (component,) = app.get("bidi_component")
    app._run(WidgetStates(widgets=[WidgetState(id=component.proto.id, json_value=json.dumps(said))]))
    assert not app.exception
    return str(app.session_state[CASE])


IDS = [entry.case.id for entry in cases.bundled()]


def test_without_a_filter_the_next_case_is_the_next_of_all_and_the_ends_meet() -> None:
    assert heard(opened(), stepped=1) == IDS[1]
    assert heard(opened(), stepped=-1) == IDS[-1]
    assert heard(opened(case=IDS[-1]), stepped=1) == IDS[0]


def test_the_next_case_is_the_next_that_the_reader_sees() -> None:
    order = [IDS[5], IDS[0], IDS[3]]
    assert heard(opened(order), stepped=1) == IDS[3]
    assert heard(opened(order), stepped=-1) == IDS[5]
    assert heard(opened(order, case=IDS[3]), stepped=1) == IDS[5]
    assert heard(opened(), order=order, stepped=1) == IDS[3]


def test_from_a_case_that_is_filtered_out_both_ways_lead_to_the_first_that_is_shown() -> None:
    order = [IDS[5], IDS[3]]
    assert heard(opened(order), stepped=1) == IDS[5]
    assert heard(opened(order), stepped=-1) == IDS[5]


def test_a_case_that_left_the_session_is_passed_over() -> None:
    assert heard(opened([IDS[0], "dropped", IDS[3]]), stepped=1) == IDS[3]


def test_where_nothing_is_shown_there_is_no_next_case() -> None:
    assert heard(opened([]), stepped=1) == IDS[0]


def test_each_press_counts_once_though_messages_come_twice_or_for_several() -> None:
    app = opened()
    assert heard(app, stepped=3) == IDS[3]
    assert heard(app, stepped=3) == IDS[3]
    assert sent(app)["stepped"] == 3
    assert heard(app, stepped=2) == IDS[2]


def test_a_list_that_is_drawn_anew_counts_on() -> None:
    app = opened()
    heard(app, stepped=2)
    heard(app)  # a list that has said nothing yet
    assert sent(app)["stepped"] == 2
    assert heard(app, stepped=3) == IDS[3]


def test_a_browser_that_comes_back_to_a_new_session_counts_on_and_takes_no_old_step() -> None:
    app = AppTest.from_function(listed, default_timeout=PATIENCE)
    (before,) = opened().get("bidi_component")
    app._run(WidgetStates(widgets=[WidgetState(id=before.proto.id, json_value=json.dumps({"stepped": 5}))]))
    assert not app.exception
    assert heard(app, stepped=6) == IDS[1]


def test_a_message_without_a_step_leaves_a_case_that_is_filtered_out() -> None:
    app = opened([IDS[5], IDS[3]], case=IDS[0])
    assert heard(app, stepped=0) == IDS[0]


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
