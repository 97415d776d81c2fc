"""What is left of a change when the picture is saved, computed beside the comparison."""

from __future__ import annotations

from core.classifier import Classifier
from core.progress import Report
from core.values import Case
from dashboard.services.aside import Kind
from dashboard.services.finished import Finished
from dashboard.services.jobs import Cancel
from evaluation.survival import Survived, survival

SAVED: Kind[tuple[Survived, ...]] = Kind("saved")


def saved(case: Case, finished: Finished, model: Classifier, report: Report, cancel: Cancel) -> tuple[Survived, ...]:
    """Of a comparison of this case, in one pass."""
    return survival(model, finished.comparison.perturbation, case, finished.geometry)
