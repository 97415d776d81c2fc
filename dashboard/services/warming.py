"""What can be done before the first reader comes, and what while the first page is looked at."""

from __future__ import annotations

import importlib

from core.progress import Report
from dashboard.services.cases import bundled
from dashboard.services.jobs import Cancel, Job, giving_way, submit
from dashboard.services.loading import load_classifier
from model_zoo.cards import cards

FIRST_PAGE_SECONDS = 3.0


def imports() -> None:
    """Import all that the first page needs, torch and every method too, and draw the pictures of its list."""
    for module in ("dashboard.views.look", "pandas"):  # Streamlit imports pandas when it is first handed data
        importlib.import_module(module)
    for package, registry in (
        ("perturbations", "PERTURBATIONS"),
        ("explainers", "EXPLAINERS"),
        ("defenses", "DEFENSES"),
    ):
        len(getattr(importlib.import_module(package), registry))
    for entry in bundled():
        _ = entry.thumbnail


def models() -> Job[None]:
    """Load the standard models in the background, once the first page had time to be drawn."""

    def work(report: Report, cancel: Cancel) -> None:
        with giving_way():
            cancel.wait(FIRST_PAGE_SECONDS)
        for card in cards():
            if card.role == "standard":
                load_classifier(card.key, report, cancel)
                report(0.0)

    return submit(work, background=True)
