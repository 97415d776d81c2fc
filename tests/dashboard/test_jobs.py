"""Computations in the background: progress, cancel, errors, and whose turn it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from core.classifier import Classifier
from core.errors import Cancelled, InputError
from core.progress import Report
from core.values import Attribution, Goal
from dashboard.components.progress import _said
from dashboard.services import compute, turns
from dashboard.services.jobs import READING, Cancel, Job, Work, giving_way, publish, submit
from dashboard.services.turns import Turns
from explainers import EXPLAINERS, explain
from perturbations import PERTURBATIONS, perturb
from perturbations.square import SquareParams
from tests.toys import small_cnn_classifier, with_all_aids

SOON = 10


@dataclass(frozen=True)
class Session:
    """Listens until it is closed; equal means the same."""

    name: str
    closed: threading.Event = field(default_factory=threading.Event, compare=False)

    def __call__(self) -> bool:
        return not self.closed.is_set()


A, B, C = Session("a"), Session("b"), Session("c")


@contextmanager
def held_up(line: Turns) -> Iterator[None]:
    """Inside the block somebody has the turn and keeps it; at the end whoever came meanwhile gets it, in turn."""
    has_it, may_end = threading.Event(), threading.Event()

    def work(report: Report, cancel: Cancel) -> None:
        has_it.set()
        assert may_end.wait(SOON)

    job = submit(work, Session("first of all"), line)
    assert has_it.wait(SOON)
    try:
        yield
    finally:
        may_end.set()
        assert job.wait(SOON)


def steps(log: list[str], name: str, count: int, between: Callable[[], object] = lambda: None) -> Work[None]:
    """Work of so many steps, each of which leaves its name in the log and then calls between."""

    def work(report: Report, cancel: Cancel) -> None:
        for i in range(count):
            log.append(f"{name}{i}")
            between()
            report((i + 1) / count)

    return work


def ended(*jobs: Job[None]) -> list[str]:
    """The states of jobs once they have ended."""
    assert all(job.wait(SOON) for job in jobs)
    return [job.state for job in jobs]


@pytest.fixture
def line() -> Turns:
    """Nobody is in it."""
    return Turns("test", 4)


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
    assert submit(lambda report, cancel: "read", line=READING).wait(SOON)
    assert not computation.finished
    may_end.set()
    assert computation.wait(SOON)


def test_two_sessions_interleave_step_by_step(line: Turns) -> None:
    log: list[str] = []
    with held_up(line):
        jobs = [submit(steps(log, session.name, 3), session, line) for session in (A, B)]
        assert [job.others for job in jobs] == [2, 2]
    assert ended(*jobs) == ["done", "done"]
    assert log == ["a0", "b0", "a1", "b1", "a2", "b2"]


def test_many_jobs_of_a_session_get_no_more_than_one_of_another_and_keep_their_order(line: Turns) -> None:
    log: list[str] = []
    with held_up(line):
        jobs = [submit(steps(log, f"a{i}.", 2), A, line) for i in range(3)]
        jobs.append(submit(steps(log, "b", 4), B, line))
    ended(*jobs)
    assert log[:8] == ["a0.0", "b0", "a0.1", "b1", "b2", "a1.0", "b3", "a1.1"], "to come to an end takes a turn too"
    assert log[8:] == ["a2.0", "a2.1"]


def test_who_comes_later_waits_for_one_step_of_each_other(line: Turns) -> None:
    log: list[str] = []
    later: list[Job[None]] = []

    def come() -> None:
        if not later:
            later.append(submit(steps(log, "c", 1), C, line))

    with held_up(line):
        jobs = [submit(steps(log, "a", 3, come), A, line), submit(steps(log, "b", 3), B, line)]
    ended(*jobs)
    ended(*later)
    assert log == ["a0", "b0", "c0", "a1", "b1", "a2", "b2"]


def test_more_sessions_than_threads_are_all_served() -> None:
    log: list[str] = []
    line = Turns("narrow", 2)
    jobs = []
    with held_up(line):
        jobs = [submit(steps(log, session.name, 2), session, line) for session in (A, B, C)]
    ended(*jobs)
    assert log == ["a0", "b0", "a1", "b1", "c0", "c1"]


def test_the_background_yields_at_each_step_and_goes_on_when_nobody_waits(line: Turns) -> None:
    log: list[str] = []
    asked: list[Job[None]] = []

    def ask() -> None:
        if not asked:
            asked.append(submit(steps(log, "b", 2), B, line))

    with held_up(line):
        background = submit(steps(log, "ahead", 2, ask), A, line, background=True)
        foreground = submit(steps(log, "a", 2), A, line)
    assert ended(background, foreground) == ["done", "done"]
    ended(*asked)
    assert log == ["a0", "a1", "ahead0", "b0", "b1", "ahead1"]
    assert background.others == 0


def test_what_was_begun_in_the_background_can_be_promoted(line: Turns) -> None:
    log: list[str] = []
    jobs: list[Job[None]] = []

    def ask() -> None:
        if len(jobs) == 2:
            jobs.append(submit(steps(log, "b", 2), B, line))
            jobs[0].promote()

    with held_up(line):
        jobs.append(submit(steps(log, "ahead", 3, ask), A, line, background=True))
        jobs.append(submit(steps(log, "next", 1), A, line, background=True))
    assert ended(*jobs[:2]) == ["done", "done"]
    assert log == ["ahead0", "b0", "ahead1", "b1", "ahead2", "next0"]


def test_a_closed_session_cancels_what_waits_and_what_runs(line: Turns) -> None:
    log: list[str] = []
    closing = Session("closing")
    with held_up(line):
        jobs = [submit(steps(log, name, 3, closing.closed.set), closing, line) for name in ("running", "waiting")]
        jobs.append(submit(steps(log, "b", 2), B, line))
    assert ended(*jobs) == ["canceled", "canceled", "done"]
    assert log == ["running0", "b0", "b1"]


def test_cancel_ends_what_waits_at_once(line: Turns) -> None:
    log: list[str] = []
    paused, may_go_on = threading.Event(), threading.Event()

    def keep_the_turn() -> None:
        paused.set()
        assert may_go_on.wait(SOON)

    with held_up(line):
        begun = submit(steps(log, "a", 2), A, line)
        keeping = submit(steps(log, "b", 1, keep_the_turn), B, line)
        unbegun = submit(steps(log, "never", 1), A, line)
        unbegun.cancel.set()
        assert ended(unbegun) == ["canceled"]
    assert paused.wait(SOON)
    begun.cancel.set()
    assert ended(begun) == ["canceled"]
    assert not keeping.finished
    may_go_on.set()
    assert ended(keeping) == ["done"]
    assert log == ["a0", "b0"]


def test_what_computes_nothing_gives_way(line: Turns) -> None:
    log: list[str] = []

    def work(report: Report, cancel: Cancel) -> None:
        log.append("a0")
        with giving_way():
            assert other.wait(SOON)
            report(0.5)
        log.append("a1")

    with held_up(line):
        waiting = submit(work, A, line)
        behind = submit(steps(log, "behind", 1), A, line)
        other = submit(steps(log, "b", 2), B, line)
    assert ended(waiting, other, behind) == ["done", "done", "done"]
    assert log == ["a0", "b0", "b1", "a1", "behind0"]


def test_words_while_others_compute_too(line: Turns) -> None:
    with held_up(line):
        job = submit(lambda report, cancel: None, A, line)
        assert _said(job, "Computing") == "Computing: waiting for its turn, after 1 other user"
        other = submit(lambda report, cancel: None, B, line)
        assert _said(job, "Computing") == "Computing: waiting for its turn, after 2 other users"
        job.state = "running"
        assert _said(job, "Computing") == "Computing, taking turns with 2 other users"
    ended(job, other)


def test_interleaved_maps_of_one_model_are_those_of_each_alone(line: Turns) -> None:
    model = small_cnn_classifier()
    images = np.random.default_rng(0).random((2, 1, 32, 32), dtype=np.float32)
    order: list[int] = []

    def work(i: int) -> Work[Attribution]:
        def explained(report: Report, cancel: Cancel) -> Attribution:
            def step(share: float) -> None:
                order.append(i)
                report(share)

            return explain("grad_cam", model, images[i], 0, report=step, cancel=cancel)

        return explained

    alone = [explain("grad_cam", model, image, 0).heat for image in images]
    with held_up(line):
        jobs = [submit(work(i), session, line) for i, session in enumerate((A, B))]
    for job, heat in zip(jobs, alone, strict=True):
        assert job.wait(SOON)
        assert job.result is not None
        np.testing.assert_array_equal(job.result.heat, heat)
    assert order == [0, 1, 0, 1], "the second was within its pass before the first had read its feature map"
    assert model.cam_layer is not None
    assert not model.cam_layer._forward_hooks


def free(model: Classifier) -> bool:
    """Whether another thread could send something through the model now."""
    found: list[bool] = []

    def try_it() -> None:
        found.append(model.lock.acquire(blocking=False))
        if found[0]:
            model.lock.release()

    other = threading.Thread(target=try_it)
    other.start()
    other.join()
    return found[0]


@pytest.mark.parametrize("method", [*EXPLAINERS, *PERTURBATIONS], ids=lambda method: str(method.key))
def test_no_method_keeps_a_model_to_itself_between_its_passes(method: object) -> None:
    model, seen = with_all_aids(small_cnn_classifier()), list[bool]()
    pixels = np.random.default_rng(0).random((1, 32, 32), dtype=np.float32)
    key = str(getattr(method, "key", ""))

    def report(share: float) -> None:
        seen.append(free(model))

    if key in {each.key for each in EXPLAINERS}:
        explain(key, model, pixels, 0, report=report)
    else:
        goal = Goal.against(model.predict(pixels), 0)
        params = SquareParams(queries=20) if key == "square" else None
        perturb(key, model, pixels, goal, params, report=report)
    assert seen
    assert all(seen)


def test_whoever_locks_a_model_around_a_pass_is_found_out_at_once() -> None:
    model = small_cnn_classifier()
    with model.lock:
        assert not free(model)
        assert not model.lock.acquire(blocking=False), "a pass inside would never begin"
    assert free(model)
    model(torch.zeros(1, 1, 32, 32))


def test_nothing_computes_in_the_background_while_a_page_is_drawn(line: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "QUIET_SECONDS", 0.05)
    log: list[str] = []
    with line.drawing():
        with line.drawing():
            ahead = submit(steps(log, "a", 2), A, line, background=True)
            asked = submit(steps(log, "b", 2), B, line)
            assert ended(asked) == ["done"]
        assert not ahead.wait(0.2)
        assert log == ["b0", "b1"]
    assert ended(ahead) == ["done"]
    assert log == ["b0", "b1", "a0", "a1"]


def test_news_of_a_job_come_before_its_end(line: Turns) -> None:
    go_on = threading.Event()

    def work(report: Report, cancel: Cancel) -> str:
        publish("half")
        assert go_on.wait(SOON)
        return "whole"

    job = submit(work, A, line)
    job.wait_for_news(SOON)
    assert (job.early, job.result, job.finished) == ("half", None, False)
    go_on.set()
    assert job.wait(SOON)
    assert job.result == "whole"


@pytest.mark.parametrize(("cores", "threads"), [(8, 7), (2, 1), (1, 1)])
def test_one_core_is_left_to_the_server(cores: int, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = list[int]()
    monkeypatch.setattr(compute, "usable_cores", lambda: cores)
    monkeypatch.setattr(torch, "set_num_threads", counts.append)
    compute.prepare()
    assert counts == [threads]
