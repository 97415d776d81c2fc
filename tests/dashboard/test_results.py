"""What is kept of finished comparisons, and for whom."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from core.values import Case, Step
from dashboard.services import comparing, results
from dashboard.services.cases import bundled
from dashboard.services.comparing import Comparisons, Finished, Request, Subject
from dashboard.services.jobs import Cancel, always
from dashboard.services.results import Results
from dashboard.services.shelf import Shelf, size
from evaluation.suitability import objections
from explainers import EXPLAINERS
from imaging.phantoms import phantom
from model_zoo.cards import load_card
from perturbations import PERTURBATIONS
from tests.toys import small_cnn_classifier

MODEL = "cxr_pneumonia"
UPLOAD = phantom("cxr", True, 3, 64)
SOON = 60


def request(case: Case, seed: int, model: str = MODEL) -> Request:
    return Request(
        subject=Subject.of(case),
        model=model,
        point="balanced",
        anyway=False,
        target=0,
        explainer="saliency",
        explainer_params=EXPLAINERS["saliency"].params(),
        perturbation="exposure",
        perturbation_params=PERTURBATIONS["exposure"].params(),
        direction=None,
        seed=seed,
    )


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A toy computes, and nothing is shared yet."""
    monkeypatch.setattr(comparing, "load_classifier", lambda *_: small_cnn_classifier())
    monkeypatch.setattr(results, "SHARED", Shelf(results.SHARED_BYTES))


def bundled_case() -> Case:
    return next(entry.case for entry in bundled() if entry.case.modality == "cxr")


def made(case: Case, seed: int = 0, others: tuple[Case, ...] = (), model: str = MODEL) -> Finished:
    return comparing.compared(request(case, seed, model), case, others, lambda share: None, Cancel(always))


def test_a_new_session_has_at_once_what_another_asked_of_a_bundled_case() -> None:
    case, one, another = bundled_case(), Comparisons(), Comparisons()
    one.ask(request(case, 0), case, [case, UPLOAD], always)
    assert one.job is None or one.job.wait(SOON)
    one.settle(0)
    assert one.latest is not None
    another.ask(request(case, 0), case, [case], always)
    assert another.job is None
    assert another.latest is not None
    assert another.latest.comparison is one.latest.comparison
    assert another.mark(load_card(MODEL), "balanced", Subject.of(case)) is not None


def test_nothing_of_an_upload_reaches_another_session() -> None:
    case, one, another = bundled_case(), Results(), Results()
    one.put(made(UPLOAD))
    one.put(made(case, others=(UPLOAD,)))
    assert set(one) == {request(UPLOAD, 0), request(case, 0)}
    assert set(another) == {request(case, 0)}
    assert list(another[request(case, 0)].marks) == [Subject.of(case)]
    assert set(another.shared_marks(MODEL)) == {Subject.of(case)}


def test_what_an_uploaded_model_says_of_a_bundled_case_stays_in_its_session() -> None:
    one, another = Results(), Results()
    one.put(made(bundled_case(), model="upload_0123"))
    assert len(one) == 1
    assert len(another) == 0
    assert not another.shared_marks("upload_0123")


def test_a_changed_card_makes_the_old_result_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Results()
    asked = known.put(made(bundled_case())).request
    assert asked in known
    changed = dataclasses.replace(load_card(MODEL), sha256="1" * 64)
    monkeypatch.setattr(results, "load_card", lambda key: changed)
    assert asked not in known


def test_marks_on_which_somebody_else_insisted_are_not_taken_over() -> None:
    case, known = bundled_case(), Results()
    finished = made(case)
    known.put(dataclasses.replace(finished, request=dataclasses.replace(finished.request, anyway=True)))
    assert not known.shared_marks(MODEL)


def test_the_least_recently_used_leave_when_there_are_too_many_bytes() -> None:
    finished = [made(UPLOAD, seed) for seed in range(4)]
    shelf = Shelf(size(finished[0]) * 3 + 100)
    for each in finished[:3]:
        shelf.put(each.request, each, None)
    assert shelf.get(finished[0].request, None) is finished[0]
    shelf.put(finished[3].request, finished[3], None)
    assert [each.request.seed for each in finished if shelf.get(each.request, None)] == [0, 2, 3]
    Shelf(10).put(finished[0].request, finished[0], None)


def test_size_counts_arrays_and_texts_wherever_they_are() -> None:
    finished = made(UPLOAD)
    perturbation = finished.comparison.perturbation
    assert size((np.zeros(4, dtype=np.float32), {"a": "bc"}, 1.0, None)) == 16 + 3
    assert size(finished) > len(finished.drawn.perturbed) + perturbation.clean.nbytes
    step = Step(perturbation.clean, np.zeros(1, dtype=np.float32))
    longer = dataclasses.replace(perturbation, trajectory=(step, step))
    assert size(longer) - size(perturbation) == 2 * (perturbation.clean.nbytes + 4)


def test_objections_count_as_marks_for_all() -> None:
    wrong = next(entry.case for entry in bundled() if entry.case.modality == "fundus")
    known = Results()
    known.put(made(bundled_case(), others=(wrong,)))
    assert known.shared_marks(MODEL)[Subject.of(wrong)] == objections(wrong, small_cnn_classifier())
