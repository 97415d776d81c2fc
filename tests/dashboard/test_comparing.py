"""Comparisons of a session: what names them, and that cancel reaches all of their work."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from core.errors import Cancelled
from core.values import Case, Comparison
from dashboard.services import comparing
from dashboard.services.comparing import Request
from dashboard.services.jobs import Cancel
from evaluation.session import compare_case
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
    monkeypatch.setattr(comparing, "load_classifier", lambda key: small_cnn_classifier())
    return Request(
        case_id=case.id,
        modality=case.modality,
        spacing_mm=case.spacing_mm,
        model="toy",
        target=0,
        explainer="saliency",
        explainer_params=EXPLAINERS["saliency"].params(),
        perturbation="exposure",
        perturbation_params=PERTURBATIONS["exposure"].params(),
        direction=None,
        seed=0,
    )


def test_the_same_pixels_of_another_kind_or_spacing_are_another_request(asked: Request) -> None:
    others = {dataclasses.replace(asked, modality="dermoscopy"), dataclasses.replace(asked, spacing_mm=(0.3, 0.2))}
    assert len(others | {asked}) == 3


def test_progress_goes_on_through_the_other_cases(case: Case, asked: Request) -> None:
    shares: list[float] = []
    others = [phantom("cxr", False, seed, 64) for seed in (4, 5)]
    finished = comparing._work(asked, case, [case, *others], shares.append, Cancel(lambda: True))
    assert set(finished.marks) == {case.id, *(other.id for other in others)}
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


def test_what_exceeds_the_scale_is_said(case: Case, asked: Request) -> None:
    finished = comparing._work(asked, case, [], lambda share: None, Cancel(lambda: True))
    heats = [view.attribution.heat for view in (finished.comparison.clean, finished.comparison.perturbed)]
    assert finished.drawn.beyond == (max(np.abs(heat).max() for heat in heats) > finished.drawn.high)
