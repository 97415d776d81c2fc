"""Computations in the background: progress, cancel, errors, and one at a time."""

from __future__ import annotations

import threading

import pytest

from core.errors import Cancelled, InputError
from core.progress import Report
from dashboard.services.jobs import READING, Cancel, submit

SOON = 10


def test_result_and_progress() -> None:
    job = submit(lambda report, cancel: report(0.5) or 7)
    assert job.wait(SOON)
    assert (job.state, job.result, job.share, job.error) == ("done", 7, 0.5, None)


def test_time_left_needs_some_progress() -> None:
    seen = threading.Event()
    going_on = threading.Event()

    def work(report: Report, cancel: Cancel) -> None:
        seen.set()
        going_on.wait(SOON)

    job = submit(work)
    assert seen.wait(SOON)
    assert job.seconds_left is None
    job.started -= 3
    job.share = 0.75
    assert job.seconds_left == pytest.approx(1, abs=0.2)
    going_on.set()
    assert job.wait(SOON)
    assert job.seconds_left is None


def test_cancel_reaches_the_work() -> None:
    started = threading.Event()

    def work(report: Report, cancel: Cancel) -> None:
        started.set()
        assert cancel.wait(SOON)
        raise Cancelled

    job = submit(work)
    assert started.wait(SOON)
    job.cancel.set()
    assert job.wait(SOON)
    assert (job.state, job.error) == ("canceled", None)


def test_what_nobody_waits_for_is_not_begun() -> None:
    begun: list[bool] = []
    job = submit(lambda report, cancel: begun.append(True), listening=lambda: False)
    assert job.wait(SOON)
    assert job.state == "canceled"
    assert not begun


def test_a_refusal_is_kept_as_it_is() -> None:
    refusal = InputError("Image", "it is empty", "Choose another.")

    def work(report: Report, cancel: Cancel) -> None:
        raise refusal

    job = submit(work)
    assert job.wait(SOON)
    assert (job.state, job.error) == ("failed", refusal)


def test_a_bug_becomes_a_sentence_without_its_details(caplog: pytest.LogCaptureFixture) -> None:
    def work(report: Report, cancel: Cancel) -> None:
        raise ZeroDivisionError("secret")

    job = submit(work)
    assert job.wait(SOON)
    assert job.state == "failed"
    assert "unexpected fault (ZeroDivisionError)" in str(job.error)
    assert "secret" not in str(job.error)
    assert "A computation failed" in caplog.text


def test_jobs_wait_for_each_other_and_cancel_hits_only_one() -> None:
    first_may_end = threading.Event()
    first = submit(lambda report, cancel: first_may_end.wait(SOON))
    second = submit(lambda report, cancel: "second")
    third = submit(lambda report, cancel: "third")
    assert second.state == "waiting"
    second.cancel.set()
    first_may_end.set()
    assert third.wait(SOON)
    assert [job.state for job in (first, second, third)] == ["done", "canceled", "done"]


def test_reading_does_not_wait_for_a_computation() -> None:
    may_end = threading.Event()
    computation = submit(lambda report, cancel: may_end.wait(SOON))
    assert submit(lambda report, cancel: "read", pool=READING).wait(SOON)
    assert not computation.finished
    may_end.set()
    assert computation.wait(SOON)
