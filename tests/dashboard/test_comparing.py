"""Comparisons of a session: what names them, what is computed ahead, and that cancel reaches all of their work."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from streamlit.util import calc_hash

from core.classifier import Classifier
from core.errors import Cancelled
from core.params import Params
from core.progress import Report
from core.values import Case, Comparison, Prediction, View
from dashboard.components.worklist.worklist import _line
from dashboard.services import comparing
from dashboard.services.cases import Entry
from dashboard.services.comparing import COARSE_STEPS, Comparisons, Finished, Preview, Request, Subject
from dashboard.services.jobs import Cancel, Job, always, submit
from evaluation.session import compare_case
from evaluation.suitability import objections
from explainers import EXPLAINERS
from imaging.phantoms import phantom
from perturbations import PERTURBATIONS
from tests.dashboard.steps import opened, settled, shown
from tests.toys import small_cnn_classifier

SOON = 60


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
    finished = comparing.compared(asked, case, [case, *others], shares.append, Cancel(lambda: True))
    assert set(finished.marks) == {Subject.of(each) for each in (case, *others)}
    assert shares == sorted(shares)
    assert max(shares) < 1


def test_a_defense_stands_before_the_model_and_leaves_the_worklist_as_it_is(case: Case, asked: Request) -> None:
    other = phantom("cxr", False, 4, 64)
    bare, defended = (
        comparing.compared(request, case, [other], lambda share: None, Cancel(lambda: True))
        for request in (asked, dataclasses.replace(asked, defense="median_smoothing", seed=3))
    )
    views = [finished.comparison.clean.prediction.logits for finished in (bare, defended)]
    assert not np.array_equal(*views)
    for subject in (Subject.of(case), Subject.of(other)):
        marks = [finished.marks[subject] for finished in (bare, defended)]
        assert all(isinstance(mark, Prediction) for mark in marks)
        assert len({mark.logits.tobytes() for mark in marks if isinstance(mark, Prediction)}) == 1


def test_an_attacker_who_knows_the_defense_does_what_one_who_does_not_can_not(case: Case, asked: Request) -> None:
    attack = dataclasses.replace(
        asked,
        perturbation="pgd",
        perturbation_params=PERTURBATIONS["pgd"].params(epsilon=8.0),
        defense="median_smoothing",
    )
    reached = []
    for unaware in (False, True):
        request = dataclasses.replace(attack, unaware=unaware)
        comparison = comparing.compared(request, case, [], lambda share: None, Cancel(lambda: True)).comparison
        change = comparison.perturbed.prediction.logits[0] - comparison.clean.prediction.logits[0]
        reached.append(float(change if comparison.perturbation.goal.direction == "induce" else -change))
        warned = any("did not know of the defense" in caution.reason for caution in comparison.cautions)
        assert warned == unaware
    assert reached[0] > reached[1]


def test_cancel_reaches_the_other_cases(case: Case, asked: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    cancel = Cancel(lambda: True)

    def compare_and_cancel(*args: Any, **settings: Any) -> Comparison:
        made = compare_case(*args, **settings)
        cancel.set()
        return made

    monkeypatch.setattr(comparing, "compare_case", compare_and_cancel)
    with pytest.raises(Cancelled):
        comparing.compared(asked, case, [phantom("cxr", False, 4, 64)], lambda share: None, cancel)


def test_other_cases_that_are_out_of_scope_get_reasons_and_no_prediction(case: Case, asked: Request) -> None:
    right, wrong = phantom("cxr", False, 4, 64), phantom("fundus", False, 4, 64)
    marks = comparing.compared(asked, case, [right, wrong], lambda share: None, Cancel(lambda: True)).marks
    assert isinstance(marks[Subject.of(right)], Prediction)
    (objection,) = marks[Subject.of(wrong)]
    assert objection.rule == "modality"


def answered(comparisons: Comparisons, request: Request, case: Case) -> None:
    """Ask, and wait for the answer."""
    comparisons.ask(request, case, [], lambda: True)
    assert comparisons.job is None or comparisons.job.wait(SOON)
    comparisons.settle(0)


def test_prediction_and_map_are_there_before_the_picture_is_perturbed(
    case: Case, asked: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def compare_slowly(*args: Any, on_clean: Callable[[View], object], **settings: Any) -> Comparison:
        def publish_and_wait(view: View) -> None:
            on_clean(view)
            assert go_on.wait(SOON)

        return compare_case(*args, on_clean=publish_and_wait, **settings)

    monkeypatch.setattr(comparing, "compare_case", compare_slowly)
    comparisons, other = Comparisons(), dataclasses.replace(asked, seed=1)
    comparisons.ask(asked, case, [], lambda: True)
    comparisons.settle(SOON)
    preview = comparisons.early(asked)
    assert isinstance(preview, Preview)
    assert (comparisons.early(other), comparisons.answer(asked)) == (None, None)
    go_on.set()
    answered(comparisons, asked, case)
    clean = comparisons.finished[asked].comparison.clean
    assert comparisons.early(asked) is None
    np.testing.assert_array_equal(preview.clean.attribution.heat, clean.attribution.heat)
    np.testing.assert_array_equal(preview.clean.prediction.logits, clean.prediction.logits)


def test_where_only_the_perturbation_is_moved_an_answer_after_few_steps_comes_first(
    case: Case, asked: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    at = PERTURBATIONS["pgd"].params
    first, second, coarse = (
        dataclasses.replace(asked, perturbation="pgd", perturbation_params=at(epsilon=epsilon, steps=steps))
        for epsilon, steps in ((1.0, 20), (2.0, 20), (2.0, COARSE_STEPS))
    )

    def compare_slowly(*args: Any, perturbation_params: Params, **settings: Any) -> Comparison:
        assert perturbation_params != second.perturbation_params or go_on.wait(SOON)
        return compare_case(*args, perturbation_params=perturbation_params, **settings)

    monkeypatch.setattr(comparing, "compare_case", compare_slowly)
    comparisons = Comparisons()
    answered(comparisons, first, case)
    assert first in comparisons.finished
    assert second not in comparisons.finished
    comparisons.ask(second, case, [], lambda: True)
    comparisons.settle(SOON)
    early = comparisons.early(second)
    assert isinstance(early, Finished)
    assert early.request == coarse
    assert early.comparison.perturbation.params == coarse.perturbation_params.as_dict()
    assert early.comparison.clean is comparisons.finished[first].comparison.clean
    assert [made.reached.saved for made in (early.comparison.perturbation, early.comparison.control)] == [None, None]
    go_on.set()
    answered(comparisons, second, case)
    assert comparisons.latest is not None
    assert comparisons.latest.comparison.perturbation.params == second.perturbation_params.as_dict()
    assert comparisons.latest.comparison.perturbation.reached.saved is not None
    assert coarse not in comparisons.finished


def test_a_coarse_answer_stays_where_its_refinement_is_canceled_and_is_never_taken_for_the_answer(
    case: Case, asked: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    refining, go_on = threading.Event(), threading.Event()
    at = PERTURBATIONS["pgd"].params
    first, second = (
        dataclasses.replace(asked, perturbation="pgd", perturbation_params=at(epsilon=epsilon))
        for epsilon in (1.0, 2.0)
    )

    def compare_slowly(*args: Any, perturbation_params: Params, **settings: Any) -> Comparison:
        if perturbation_params == second.perturbation_params:
            refining.set()
            assert go_on.wait(SOON)
        return compare_case(*args, perturbation_params=perturbation_params, **settings)

    monkeypatch.setattr(comparing, "compare_case", compare_slowly)
    comparisons = Comparisons()
    answered(comparisons, first, case)
    comparisons.ask(second, case, [], always)
    assert refining.wait(SOON)
    job, early = comparisons.job, comparisons.early(second)
    assert job is not None
    comparisons.stop()
    go_on.set()
    assert ready(job).state == "canceled"
    comparisons.settle(0)
    comparisons.ask(second, case, [], always)
    assert (comparisons.job, comparisons.stopped) == (None, second)
    assert isinstance(early, Finished)
    assert comparisons.early(second) is early
    assert comparisons.answer(second) is None
    comparisons.resume()
    answered(comparisons, second, case)
    assert comparisons.finished[second].comparison.perturbation.params == second.perturbation_params.as_dict()


def test_a_coarse_answer_takes_turns_as_any_other(case: Case, asked: Request) -> None:
    request = dataclasses.replace(asked, perturbation="pgd", perturbation_params=PERTURBATIONS["pgd"].params())
    model, cancel, turns = small_cnn_classifier(), Cancel(always), []
    seen = comparing.compared(request, case, [], lambda share: None, cancel, own=model).comparison.clean
    assert comparing.coarse_answer(request, case, model, seen, turns.append, cancel) is not None
    assert len(turns) >= comparing.COARSE_STEPS
    assert set(turns) == {0.0}


@pytest.mark.parametrize(
    ("perturbation", "settings", "explainer"),
    [("pgd", {"steps": 8}, "saliency"), ("pgd", {"steps": 20}, "rise"), ("fgsm", {}, "saliency")],
)
def test_no_coarse_answer_where_it_would_not_halve_the_passes(
    asked: Request, perturbation: str, settings: dict[str, Any], explainer: str
) -> None:
    request = dataclasses.replace(
        asked,
        perturbation=perturbation,
        perturbation_params=PERTURBATIONS[perturbation].params(**settings),
        explainer=explainer,
        explainer_params=EXPLAINERS[explainer].params(),
    )
    assert comparing.coarser(request, small_cnn_classifier().card.input) is None


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
        comparing.compared(asked, case, [], shares.append, Cancel(lambda: True))
    assert shares == [0.5]


def test_a_mark_is_read_at_the_operating_point(case: Case, asked: Request) -> None:
    comparisons = Comparisons()
    answered(comparisons, asked, case)
    points = {"balanced": (0.01,), "specific": (0.99,)}
    card = dataclasses.replace(small_cnn_classifier().card, operating_points=points)
    marks = [comparisons.mark(card, point, asked.subject) for point in points]
    assert [mark.positive.tolist() for mark in marks if isinstance(mark, Prediction)] == [[True], [False]]


def test_what_exceeds_the_scale_is_said(case: Case, asked: Request) -> None:
    finished = comparing.compared(asked, case, [], lambda share: None, Cancel(lambda: True))
    heats = [view.attribution.heat for view in (finished.comparison.clean, finished.comparison.perturbed)]
    assert finished.drawn.beyond == (max(np.abs(heat).max() for heat in heats) > finished.drawn.high)


def test_the_list_marks_a_case_that_the_model_is_not_asked_about() -> None:
    entry = Entry(phantom("fundus", True, 3, 64), "A retina")
    line = _line(entry, objections(entry.case, small_cnn_classifier()), (), 0)
    assert line["mark"] == "?"
    assert line["said"].startswith("not for this model: The model was made for chest X-rays")
    assert _line(entry, None, (), 0)["mark"] == _line(entry, None, (), 0)["said"] == ""


def test_the_list_speaks_of_the_finding_that_is_asked_for() -> None:
    logits, probabilities = (np.array(pair, dtype=np.float32) for pair in ((3, -3), (0.95, 0.05)))
    made = Prediction(("one", "two"), logits, probabilities, np.array([0.5, 0.5], dtype=np.float32))
    lines = [_line(Entry(phantom("cxr", True, 3, 64), "A chest"), made, (), target) for target in (0, 1)]
    assert [line["said"] for line in lines] == ["one 95 %", "two 5 %"]
    assert [line["mark"] for line in lines] == ["95 ●", "5 ○"]


def ready(job: Job[Any] | None) -> Job[Any]:
    """A job once it has ended."""
    assert job is not None
    assert job.wait(SOON)
    return job


@pytest.fixture
def occupied() -> Iterator[threading.Event]:
    """Another user computes, until the event is set, or the test ends."""
    begun, may_end = threading.Event(), threading.Event()

    def work(report: Report, cancel: Cancel) -> None:
        begun.set()
        assert may_end.wait(SOON)

    job = submit(work, lambda: True)
    assert begun.wait(SOON)
    yield may_end
    may_end.set()
    ready(job)


def at(asked: Request, seed: int) -> Request:
    return dataclasses.replace(asked, seed=seed)


def test_what_was_computed_ahead_is_there_without_a_job(case: Case, asked: Request) -> None:
    comparisons = Comparisons()
    comparisons.prefetch({at(asked, seed): case for seed in (1, 2)}, always)
    for job in [*comparisons.ahead.values()]:
        ready(job)
    comparisons.settle(0)
    assert not comparisons.ahead
    comparisons.ask(at(asked, 2), case, [], always)
    assert comparisons.job is None
    assert comparisons.latest is comparisons.finished[at(asked, 2)]


def test_what_is_being_computed_ahead_is_taken_over_and_the_rest_dropped(
    case: Case, asked: Request, occupied: threading.Event
) -> None:
    comparisons = Comparisons()
    comparisons.prefetch({at(asked, seed): case for seed in (1, 2)}, always)
    first, second = (comparisons.ahead[at(asked, seed)] for seed in (1, 2))
    assert first.turn is not None
    assert first.turn.background
    comparisons.ask(at(asked, 1), case, [], always)
    assert comparisons.job is first
    assert not first.turn.background
    comparisons.prefetch({at(asked, 3): case}, always)
    assert second.state == "canceled"
    third = comparisons.ahead[at(asked, 3)]
    assert third.state == "waiting"
    comparisons.prefetch({}, always)
    assert third.state == "canceled"
    occupied.set()
    ready(first)
    comparisons.settle(0)
    assert at(asked, 1) in comparisons.finished


def test_no_more_than_a_few_are_computed_ahead_and_none_that_is_known_or_refused(
    case: Case, asked: Request, occupied: threading.Event
) -> None:
    comparisons = Comparisons()
    comparisons.finished.put(comparing.compared(at(asked, 1), case, [], lambda share: None, Cancel(always)))
    wrong = Subject.of(phantom("fundus", True, 3, 64))
    comparisons.marks[asked.model, wrong] = objections(phantom("fundus", True, 3, 64), small_cnn_classifier())
    wanted = [dataclasses.replace(asked, subject=wrong), *(at(asked, seed) for seed in range(1, 20))]
    comparisons.prefetch(dict.fromkeys(wanted, case), always)
    assert list(comparisons.ahead) == [at(asked, seed) for seed in range(2, 2 + comparing.AHEAD)]
    comparisons.prefetch({}, always)


def test_a_refusal_found_ahead_is_said_when_it_is_asked_for(asked: Request) -> None:
    wrong = phantom("fundus", True, 3, 64)
    request, comparisons = dataclasses.replace(asked, subject=Subject.of(wrong)), Comparisons()
    comparisons.prefetch({request: wrong}, always)
    ready(comparisons.ahead[request])
    answered(comparisons, request, wrong)
    assert [objection.rule for objection in comparisons.refusal(request)] == ["modality"]


def test_each_pass_lets_others_compute(case: Case, asked: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    log, model, may_begin = list[str](), small_cnn_classifier(), threading.Event()
    model.network.register_forward_hook(lambda *_: log.append("pass"))
    monkeypatch.setattr(comparing, "load_classifier", lambda *_: model)

    def step_by_step(report: Report, cancel: Cancel) -> None:
        for _ in range(3):
            log.append("step")
            report(0)

    comparisons = Comparisons()
    first = submit(lambda report, cancel: may_begin.wait(SOON), lambda: True)
    comparisons.ask(asked, case, [], always)
    theirs = submit(step_by_step, lambda: True)
    may_begin.set()
    for job in (first, theirs, comparisons.job):
        ready(job)
    until_theirs_ended = "".join(log[: len(log) - log[::-1].index("step")])
    assert until_theirs_ended.count("step") == 3
    assert "passpass" not in until_theirs_ended


@pytest.mark.slow
def test_leaving_the_page_neither_cancels_nor_restarts(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Request] = []
    may_end, compute = threading.Event(), comparing.compared

    def work(request: Request, *rest: Any, **settings: Any) -> Any:
        begun.append(request)
        assert may_end.wait(SOON)
        return compute(request, *rest, **settings)

    monkeypatch.setattr(comparing, "compared", work)
    app = opened()
    app.number_input(key="seed").set_value(1234).run()
    comparisons = app.session_state[f"held {Comparisons.__module__}.Comparisons"]
    job, asked = comparisons.job, comparisons.asked
    assert job is not None
    for page in ("methods", "look"):
        app._page_hash = calc_hash(page)
        app.run()
        assert not app.exception
    assert comparisons.job is job
    assert not job.cancel.is_set()
    may_end.set()
    settled(app)
    assert begun.count(asked) == 1
    assert job.state == "done"
    assert comparisons.latest.comparison is job.result.comparison
    assert 'class="sentence"' in shown(app)
