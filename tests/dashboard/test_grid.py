"""The cells of a grid: each computed once, one after the other, and no more than wanted."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from core.errors import Cancelled, Unsupported
from core.values import Case
from dashboard.services import comparing, grid
from dashboard.services.finished import Finished, Request, Subject
from dashboard.services.grid import Grid
from dashboard.services.jobs import Cancel, always, submit
from evaluation.suitability import NotSuitable
from explainers import EXPLAINERS
from imaging.phantoms import phantom
from perturbations import PERTURBATIONS
from tests.toys import small_cnn_classifier

CASE = phantom("cxr", True, 3, 64)
PATIENCE = 20


def request(explainer: str = "saliency", seed: int = 0, case: Case = CASE) -> Request:
    """A comparison by a toy model."""
    return Request(
        subject=Subject.of(case),
        model="toy",
        point="balanced",
        anyway=False,
        target=0,
        explainer=explainer,
        explainer_params=EXPLAINERS[explainer].params(),
        perturbation="pgd",
        perturbation_params=PERTURBATIONS["pgd"].params(steps=2),
        direction=None,
        seed=seed,
    )


def wish(*requests: Request) -> Mapping[Request, Case]:
    """These cells, all of one case."""
    return dict.fromkeys(requests, CASE)


def settled(made: Grid) -> Grid:
    """The grid once nothing more will happen."""
    deadline = time.monotonic() + PATIENCE
    while made.working:
        assert time.monotonic() < deadline, "the grid does not end"
        time.sleep(0.01)
    return made


@pytest.fixture(autouse=True)
def _toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "load_classifier", lambda *_: small_cnn_classifier())


class Gate:
    """The computation, but each cell first waits until it is let through. begun and ended hold seeds."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.ended: list[int] = []
        self._passes = threading.Semaphore(0)
        self._compute = comparing.compared

    def __call__(self, asked: Request, case: Case, others: Sequence[Case], *rest: Any) -> Finished:
        report, cancel, own = rest
        self.begun.append(asked.seed)
        while not (passes := self._passes.acquire(timeout=0.01)) and not cancel.is_set():
            pass
        if cancel.is_set():
            if passes:
                self._passes.release()  # it came too late, and is for the next
            raise Cancelled
        made = self._compute(asked, case, others, report, cancel, own)
        self.ended.append(asked.seed)
        return made

    def let(self, cells: int) -> None:
        """Let so many through."""
        self._passes.release(cells)

    def reached(self, count: int) -> None:
        """Wait until so many have begun."""
        deadline = time.monotonic() + PATIENCE
        while len(self.begun) < count:
            assert time.monotonic() < deadline, "no cell begins"
            time.sleep(0.01)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Holds up the cells of every grid."""
    made = Gate()
    monkeypatch.setattr(grid, "compared", made)
    return made


def test_each_cell_is_what_the_main_page_would_show() -> None:
    made, cells = Grid(), [request("saliency"), request("occlusion")]
    made.compare(wish(*cells), always)
    settled(made)
    for cell in cells:
        alone = comparing.compared(cell, CASE, [], lambda share: None, Cancel(always))
        result = made.get(cell)
        assert result
        for view in ("clean", "perturbed"):
            here, there = (getattr(finished.comparison, view) for finished in (result, alone))
            np.testing.assert_array_equal(here.attribution.heat, there.attribution.heat)
            np.testing.assert_array_equal(here.prediction.probabilities, there.prediction.probabilities)
        assert alone.comparison.perturbation.trajectory
        assert not result.comparison.perturbation.trajectory


def test_cells_take_turns_with_whoever_else_waits(gate: Gate) -> None:
    made = Grid()
    made.compare(wish(request(seed=1), request(seed=2)), always)
    gate.reached(1)
    other = submit(lambda report, cancel: list(gate.begun))
    gate.let(2)
    settled(made)
    assert gate.ended == [1, 2]
    assert other.wait(PATIENCE)
    assert other.result == [1]


def test_what_is_there_is_not_computed_again(gate: Gate) -> None:
    made = Grid()
    gate.let(3)
    made.compare(wish(request(seed=1), request(seed=2)), always)
    settled(made)
    made.compare(wish(request(seed=2), request(seed=3)), always)
    settled(made)
    assert gate.begun == [1, 2, 3]
    assert (made.done, made.share) == (2, 1.0)


def test_what_is_not_wanted_any_more_is_stopped_and_the_rest_goes_on(gate: Gate) -> None:
    made = Grid()
    made.compare(wish(request(seed=1), request(seed=2)), always)
    gate.reached(1)
    made.compare(wish(request(seed=2), request(seed=3)), always)
    gate.let(2)
    settled(made)
    assert gate.begun == [1, 2, 3]
    assert gate.ended == [2, 3]


def test_cancel_keeps_what_is_done_and_resume_computes_the_rest(gate: Gate) -> None:
    made, cells = Grid(), [request(seed=seed) for seed in (1, 2, 3)]
    made.compare(wish(*cells), always)
    gate.let(1)
    gate.reached(2)
    made.stop()
    assert (made.working, made.stopped, made.done) == (False, True, 1)
    made.compare(wish(*cells), always)
    time.sleep(0.1)
    assert gate.begun == [1, 2]
    made.resume()
    gate.let(2)
    settled(made)
    assert gate.ended == [1, 2, 3]
    assert not made.stopped


def test_another_wish_after_cancel_is_computed(gate: Gate) -> None:
    made = Grid()
    made.compare(wish(request(seed=1)), always)
    gate.reached(1)
    made.stop()
    gate.let(2)
    made.compare(wish(request(seed=1), request(seed=2)), always)
    settled(made)
    assert sorted(gate.ended) == [1, 2]


def test_a_closed_session_computes_no_further_cell_and_goes_on_when_it_is_back(gate: Gate) -> None:
    made, open_ = Grid(), threading.Event()
    open_.set()
    cells = wish(request(seed=1), request(seed=2))
    made.compare(cells, open_.is_set)
    gate.reached(1)
    open_.clear()
    made.wait(PATIENCE)
    assert made.halted
    open_.set()
    gate.let(2)
    made.compare(cells, open_.is_set)
    settled(made)
    assert gate.ended == [1, 2]


def test_a_cell_that_fails_holds_up_no_other_and_can_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Blind(Exception):
        """No error of ours."""

    compute, broken = comparing.compared, [True]

    def sometimes(asked: Request, *rest: Any) -> Finished:
        if asked.seed == 1 and broken.pop():
            raise Blind
        return compute(asked, *rest)

    monkeypatch.setattr(grid, "compared", sometimes)
    made, first, second = Grid(), request(seed=1), request(seed=2)
    made.compare(wish(first, second), always)
    settled(made)
    assert "Blind" in str(made.errors[first])
    assert made.failed == 1
    assert made.get(second)
    broken.append(False)
    made.resume()
    settled(made)
    assert made.get(first)
    assert made.failed == 0


def test_a_cell_says_what_the_model_cannot_serve_or_should_not_see(monkeypatch: pytest.MonkeyPatch) -> None:
    blind = dataclasses.replace(small_cnn_classifier(), differentiable=False)
    monkeypatch.setattr(comparing, "load_classifier", lambda *_: blind)
    wrong = phantom("fundus", True, 3, 64)
    needy, astray = request("saliency"), request("occlusion", case=wrong)
    made = Grid()
    made.compare({needy: CASE, astray: wrong}, always)
    settled(made)
    unmet = EXPLAINERS["saliency"].unmet(blind.offers)
    errors = [made.errors[cell] for cell in (needy, astray)]
    assert isinstance(errors[0], Unsupported)
    assert errors[0].why == unmet
    assert isinstance(errors[1], NotSuitable)
