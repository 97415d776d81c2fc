"""Uploads of a session: nothing that was dropped is lost."""

from __future__ import annotations

import threading
import time

import pytest
from streamlit.testing.v1 import AppTest

from core.values import Case, Modality
from dashboard.services import cases
from dashboard.services.cases import Entry, Uploads
from tests.dashboard.steps import PATIENCE, phantom_png, upload

SOON = 10


def listening() -> bool:
    """The session stays open."""
    return True


def collected(uploads: Uploads) -> Entry | None:
    """The newest entry once everything is read."""
    deadline, newest = time.monotonic() + SOON, None
    while uploads.job is not None and time.monotonic() < deadline:
        uploads.job.wait(SOON)
        newest = uploads.collect() or newest
    return newest


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Nothing is read before it is set."""
    gate, read_case = threading.Event(), cases.read_case

    def read(data: bytes, *, frame: int = 0, modality: Modality | None = None) -> Case:
        assert gate.wait(SOON)
        return read_case(data, frame=frame, modality=modality)

    monkeypatch.setattr(cases, "read_case", read)
    return gate


def test_a_second_drop_waits_for_the_first(gate: threading.Event) -> None:
    uploads = Uploads()
    uploads.read([phantom_png("cxr")], listening)
    uploads.read([b"no picture"], listening)
    uploads.read([phantom_png("dermoscopy")], listening)
    gate.set()
    newest = collected(uploads)
    assert newest is uploads.entries[0]
    assert [entry.case.modality for entry in uploads.entries] == ["dermoscopy", "cxr"]
    assert len(uploads.refused) == 1


def test_a_drop_while_an_upload_is_read_again_replaces_only_that_one(gate: threading.Event) -> None:
    gate.set()
    uploads = Uploads()
    uploads.read([phantom_png("dermoscopy")], listening)
    first = collected(uploads)
    assert first is not None
    gate.clear()
    uploads.reread(first, 0, "fundus", listening)
    uploads.read([phantom_png("cxr")], listening)
    gate.set()
    collected(uploads)
    assert [(entry.title, entry.case.modality) for entry in uploads.entries] == [
        ("Upload 2", "cxr"),
        ("Upload 1", "fundus"),
    ]


def test_cancel_stops_all_that_waits(gate: threading.Event) -> None:
    uploads = Uploads()
    uploads.read([phantom_png("cxr")], listening)
    uploads.read([phantom_png("dermoscopy")], listening)
    uploads.stop()
    gate.set()
    assert collected(uploads) is None
    assert not uploads.entries


def drop_zones() -> None:
    """The zone that takes files."""
    from dashboard.components.uploads import collect_uploads, drop_zone  # runs in a script of its own

    collect_uploads()
    drop_zone()


def test_a_browser_that_has_not_drawn_the_fresh_zone_yet_gives_a_file_once() -> None:
    app = AppTest.from_function(drop_zones, default_timeout=PATIENCE).run()
    (zone,) = app.get("file_uploader")
    upload(app, phantom_png("cxr"))
    for place, element in app.main.children.items():
        if element.type == "file_uploader":
            app.main.children[place] = zone  # as it was, with the file
    app.run()
    app.run()
    assert not app.exception
    uploads: Uploads = app.session_state["held dashboard.services.cases.Uploads"]
    assert uploads.job is None
    assert [entry.title for entry in uploads.entries] == ["Upload 1"]
