"""Loading a model within a job: others compute meanwhile, for weights may have to be fetched first."""

from __future__ import annotations

from core.classifier import Classifier
from core.progress import Report
from dashboard.services.jobs import Cancel, giving_way


def load_classifier(key: str, report: Report, cancel: Cancel) -> Classifier:
    """model_zoo.loading.load_classifier, giving way."""
    with giving_way():
        from model_zoo import loading  # with timm, which takes as long as torch: the first page is there before

        return loading.load_classifier(key, report, cancel)
