"""Work beside the comparison: kept by request, one of a kind at a time, stopped when nobody looks."""

from __future__ import annotations

import dataclasses
import threading

import pytest

from core.classifier import Classifier
from core.errors import Cancelled, InputError
from core.progress import Report
from dashboard.services import aside
from dashboard.services.aside import KEPT, Asides, Kind, State
from dashboard.services.finished import Request
from dashboard.services.jobs import Cancel
from dashboard.services.own import OwnModels
from dashboard.state import held
from tests.dashboard.answers import CASE, toy_request
from tests.toys import linear_classifier, small_cnn_classifier

SOON = 20
NUMBER: Kind[int] = Kind("number")
WORD: Kind[str] = Kind("word")


@pytest.fixture
def request_(monkeypatch: pytest.MonkeyPatch) -> Request:
    """A request to a toy that is found by its key."""
    monkeypatch.setattr(aside, "load_classifier", lambda *_: small_cnn_classifier())
    return toy_request(CASE)


def other(request: Request, seed: int) -> Request:
    return dataclasses.replace(request, seed=seed)


def ended(asides: Asides, kind: Kind[int] | Kind[str], request: Request) -> State[int] | State[str]:
    """How it stands once the job has ended."""
    job = asides.jobs[kind.name][1]
    assert job.wait(SOON)
    return asides.state(kind, request)


def forever(model: Classifier, report: Report, cancel: Cancel) -> int:
    assert cancel.wait(SOON)
    raise Cancelled


def test_a_result_is_kept_for_its_request_and_its_kind(request_: Request) -> None:
    asides = Asides()
    assert asides.state(NUMBER, request_) == State()
    asides.begin(NUMBER, request_, lambda model, report, cancel: 7, lambda: True)
    assert ended(asides, NUMBER, request_) == State(result=7)
    assert asides.state(NUMBER, request_) == State(result=7)
    assert asides.state(NUMBER, other(request_, 1)) == State()
    assert asides.state(WORD, request_) == State()


def test_the_model_is_that_of_the_request_at_its_operating_point(request_: Request) -> None:
    asides, seen = Asides(), []
    asides.begin(NUMBER, request_, lambda model, report, cancel: seen.append(model) or 0, lambda: True)
    ended(asides, NUMBER, request_)
    assert (seen[0].card.key, seen[0].point) == ("toy", request_.point)


def test_a_model_of_the_session_itself_is_taken_before_any_other(request_: Request) -> None:
    own, asides, seen = linear_classifier(), Asides(), []
    held(OwnModels).add(own)
    try:
        asides.begin(NUMBER, request_, lambda model, report, cancel: seen.append(model.network) or 0, lambda: True)
        ended(asides, NUMBER, request_)
    finally:
        held(OwnModels).remove("toy")
    assert seen == [own.network]


def test_progress_is_seen_and_cancel_stops_it(request_: Request) -> None:
    begun = threading.Event()

    def work(model: Classifier, report: Report, cancel: Cancel) -> int:
        report(0.5)
        begun.set()
        return forever(model, report, cancel)

    asides = Asides()
    asides.begin(NUMBER, request_, work, lambda: True)
    assert begun.wait(SOON)
    job = asides.state(NUMBER, request_).job
    assert job is not None
    assert job.share == 0.5
    asides.stop(NUMBER)
    assert job.wait(SOON)
    assert job.state == "canceled"
    assert asides.state(NUMBER, request_) == State()


def test_another_request_stops_the_work_under_way_and_another_kind_does_not(request_: Request) -> None:
    asides = Asides()
    asides.begin(NUMBER, request_, forever, lambda: True)
    job = asides.jobs[NUMBER.name][1]
    assert asides.state(WORD, other(request_, 1)) == State()
    assert not job.cancel.is_set()
    assert asides.state(NUMBER, other(request_, 1)) == State()
    assert job.wait(SOON)
    assert job.state == "canceled"


def test_one_job_of_a_kind_at_a_time(request_: Request) -> None:
    asides = Asides()
    asides.begin(NUMBER, request_, forever, lambda: True)
    first = asides.jobs[NUMBER.name][1]
    asides.begin(NUMBER, other(request_, 1), lambda model, report, cancel: 2, lambda: True)
    assert ended(asides, NUMBER, other(request_, 1)) == State(result=2)
    assert first.state == "canceled"


def test_what_was_refused_is_said_until_it_is_begun_anew(request_: Request) -> None:
    refusal = InputError("Image", "it is empty", "Choose another.")

    def refuse(model: Classifier, report: Report, cancel: Cancel) -> int:
        raise refusal

    asides = Asides()
    asides.begin(NUMBER, request_, refuse, lambda: True)
    assert ended(asides, NUMBER, request_) == State(error=refusal)
    assert asides.state(NUMBER, request_) == State(error=refusal)
    asides.begin(NUMBER, request_, lambda model, report, cancel: 1, lambda: True)
    assert ended(asides, NUMBER, request_) == State(result=1)


def test_the_results_not_looked_at_for_longest_leave(request_: Request) -> None:
    asides = Asides()
    for seed in range(KEPT + 1):
        if seed == KEPT:
            asides.state(NUMBER, other(request_, 0))
        asides.begin(NUMBER, other(request_, seed), lambda model, report, cancel, seed=seed: seed, lambda: True)
        ended(asides, NUMBER, other(request_, seed))
    found = [asides.state(NUMBER, other(request_, seed)).result for seed in range(KEPT + 1)]
    assert found == [0, None, *range(2, KEPT + 1)]
