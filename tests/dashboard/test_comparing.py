"""Comparisons of a session: what names them, and that cancel reaches all of their work."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from core.classifier import Classifier
from core.errors import Cancelled
from core.progress import Report
from core.values import Case, Comparison, Prediction
from dashboard.components.worklist.worklist import _line
from dashboard.services import comparing
from dashboard.services.cases import Entry
from dashboard.services.comparing import Comparisons, Request, Subject
from dashboard.services.jobs import Cancel
from evaluation.session import compare_case
from evaluation.suitability import objections
from explainers import EXPLAINERS
from imaging.phantoms import phantom
from perturbations import PERTURBATIONS
from tests.toys import small_cnn_classifier


@pytest.fixture
def case() -> Case:
    """A small drawn chest."""
    return phantom("cxr", True, 3, 64)


@pytest.fixture
def asked(case: Case, monkeypatch: pytest.MonkeyPatch) -> Request:
    """A comparison of that case by a toy model."""
    monkeypatch.setattr(comparing, "load_classifier", lambda *_: small_cnn_classifier())
    return Request(
        subject=Subject.of(case),
        model="toy",
        point="balanced",
        anyway=False,
        target=0,
        explainer="saliency",
        explainer_params=EXPLAINERS["saliency"].params(),
        perturbation="exposure",
        perturbation_params=PERTURBATIONS["exposure"].params(),
        direction=None,
        seed=0,
    )


def test_the_same_pixels_of_another_kind_or_spacing_are_another_request(asked: Request) -> None:
    changes: list[dict[str, Any]] = [
        {"modality": "dermoscopy"},
        {"spacing_mm": (0.3, 0.2)},
        {"source": (("body part", "HAND"),)},
    ]
    subjects = (dataclasses.replace(asked.subject, **change) for change in changes)
    assert len({asked, *(dataclasses.replace(asked, subject=subject) for subject in subjects)}) == 4


def test_progress_goes_on_through_the_other_cases(case: Case, asked: Request) -> None:
    shares: list[float] = []
    others = [phantom("cxr", False, seed, 64) for seed in (4, 5)]
    finished = comparing._work(asked, case, [case, *others], shares.append, Cancel(lambda: True))
    assert set(finished.marks) == {Subject.of(each) for each in (case, *others)}
    assert shares == sorted(shares)
    assert max(shares) < 1


def test_cancel_reaches_the_other_cases(case: Case, asked: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    cancel = Cancel(lambda: True)

    def compare_and_cancel(*args: Any, **settings: Any) -> Comparison:
        made = compare_case(*args, **settings)
        cancel.set()
        return made

    monkeypatch.setattr(comparing, "compare_case", compare_and_cancel)
    with pytest.raises(Cancelled):
        comparing._work(asked, case, [phantom("cxr", False, 4, 64)], lambda share: None, cancel)


def test_other_cases_that_are_out_of_scope_get_reasons_and_no_prediction(case: Case, asked: Request) -> None:
    right, wrong = phantom("cxr", False, 4, 64), phantom("fundus", False, 4, 64)
    marks = comparing._work(asked, case, [right, wrong], lambda share: None, Cancel(lambda: True)).marks
    assert isinstance(marks[Subject.of(right)], Prediction)
    (objection,) = marks[Subject.of(wrong)]
    assert objection.rule == "modality"


def answered(comparisons: Comparisons, request: Request, case: Case) -> None:
    """Ask, and wait for the answer."""
    comparisons.ask(request, case, [], lambda: True)
    comparisons.settle(60)


def test_a_case_out_of_scope_is_remembered_as_such_until_the_reader_insists(asked: Request) -> None:
    wrong = phantom("fundus", True, 3, 64)
    request, comparisons = dataclasses.replace(asked, subject=Subject.of(wrong)), Comparisons()
    assert comparisons.refusal(request) == ()
    answered(comparisons, request, wrong)
    assert [objection.rule for objection in comparisons.refusal(request)] == ["modality"]
    assert (comparisons.error, comparisons.job, comparisons.like(request)) == (None, None, None)
    insisting = dataclasses.replace(request, anyway=True)
    assert comparisons.refusal(insisting) == ()
    answered(comparisons, insisting, wrong)
    assert "was made for" in " ".join(caution.reason for caution in comparisons.finished[insisting].comparison.cautions)


def test_what_is_refused_stops_the_work_under_way(case: Case, asked: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = phantom("fundus", True, 3, 64)
    refused, comparisons = dataclasses.replace(asked, subject=Subject.of(wrong)), Comparisons()
    answered(comparisons, refused, wrong)
    comparisons.ask(asked, case, [], lambda: True)
    job = comparisons.job
    assert job is not None
    comparisons.ask(refused, wrong, [], lambda: True)
    assert job.cancel.is_set()
    assert comparisons.job is None
    answered(comparisons, asked, case)
    assert asked in comparisons.finished


def test_weights_are_fetched_with_progress_and_cancel(
    case: Case, asked: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(key: str, report: Report, cancel: Cancel) -> Classifier:
        report(0.5)
        cancel.set()
        raise Cancelled

    shares: list[float] = []
    monkeypatch.setattr(comparing, "load_classifier", fetch)
    with pytest.raises(Cancelled):
        comparing._work(asked, case, [], shares.append, Cancel(lambda: True))
    assert shares == [0.5]


def test_a_mark_is_read_at_the_operating_point(case: Case, asked: Request) -> None:
    comparisons = Comparisons()
    answered(comparisons, asked, case)
    points = {"balanced": (0.01,), "specific": (0.99,)}
    card = dataclasses.replace(small_cnn_classifier().card, operating_points=points)
    marks = [comparisons.mark(card, point, asked.subject) for point in points]
    assert [mark.positive.tolist() for mark in marks if isinstance(mark, Prediction)] == [[True], [False]]


def test_what_exceeds_the_scale_is_said(case: Case, asked: Request) -> None:
    finished = comparing._work(asked, case, [], lambda share: None, Cancel(lambda: True))
    heats = [view.attribution.heat for view in (finished.comparison.clean, finished.comparison.perturbed)]
    assert finished.drawn.beyond == (max(np.abs(heat).max() for heat in heats) > finished.drawn.high)


def test_the_list_marks_a_case_that_the_model_is_not_asked_about() -> None:
    entry = Entry(phantom("fundus", True, 3, 64), "A retina")
    line = _line(entry, objections(entry.case, small_cnn_classifier()), 0)
    assert line["mark"] == "?"
    assert line["said"].startswith("not for this model: The model was made for chest X-rays")
    assert _line(entry, None, 0)["mark"] == _line(entry, None, 0)["said"] == ""


def test_the_list_speaks_of_the_finding_that_is_asked_for() -> None:
    logits, probabilities = (np.array(pair, dtype=np.float32) for pair in ((3, -3), (0.95, 0.05)))
    made = Prediction(("one", "two"), logits, probabilities, np.array([0.5, 0.5], dtype=np.float32))
    lines = [_line(Entry(phantom("cxr", True, 3, 64), "A chest"), made, target) for target in (0, 1)]
    assert [line["said"] for line in lines] == ["one 95 %", "two 5 %"]
    assert [line["mark"] for line in lines] == ["95 ●", "5 ○"]
