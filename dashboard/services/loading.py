"""Loading a model within a job: others compute meanwhile, for weights may have to be fetched first."""

from __future__ import annotations

from core.classifier import Classifier
from core.progress import Report
from dashboard.services.finished import Request
from dashboard.services.jobs import Cancel, giving_way, step
from defenses import defend


def load_classifier(key: str, report: Report, cancel: Cancel) -> Classifier:
    """model_zoo.loading.load_classifier, giving way."""
    with giving_way():
        from model_zoo import loading  # with timm, which takes as long as torch: the first page is there before

        return loading.load_classifier(key, report, cancel)


def undefended(request: Request, model: Classifier) -> Classifier:
    """The model of a request at its operating point, giving way between its passes."""
    return model.at(request.point).watched(lambda _x, _logits: step())


def defended(request: Request, model: Classifier) -> Classifier:
    """The same behind the defense of the request, if it has one."""
    bare = undefended(request, model)
    return defend(request.defense, bare, request.defense_params, seed=request.seed) if request.defense else bare
