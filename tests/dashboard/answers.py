"""Comparisons of a small drawn chest by a toy model, as the main page would get them."""

from __future__ import annotations

from typing import Any

from core.values import Case
from dashboard.services import comparing
from dashboard.services.finished import Finished, Request, Subject
from dashboard.services.jobs import Cancel
from explainers import EXPLAINERS
from imaging.phantoms import phantom
from perturbations import PERTURBATIONS
from tests.toys import small_cnn_classifier

CASE = phantom("cxr", True, 3, 64)


def toy_request(case: Case, perturbation: str = "pgd", explainer: str = "saliency", **params: Any) -> Request:
    """params are those of the perturbation."""
    return Request(
        subject=Subject.of(case),
        model="toy",
        point="balanced",
        anyway=False,
        target=0,
        explainer=explainer,
        explainer_params=EXPLAINERS[explainer].params(),
        perturbation=perturbation,
        perturbation_params=PERTURBATIONS[perturbation].params(**params),
        direction=None,
        seed=0,
    )


def toy_answer(perturbation: str = "pgd", explainer: str = "saliency", **params: Any) -> Finished:
    """The finished comparison, computed by small_cnn_classifier()."""
    request = toy_request(CASE, perturbation, explainer, **params)
    return comparing.compared(request, CASE, [], lambda share: None, Cancel(lambda: True), small_cnn_classifier())
