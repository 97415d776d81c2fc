"""What can be done before the first reader comes, and what while the first page is looked at."""

from __future__ import annotations

import importlib

from core.progress import Report
from dashboard.services.cases import bundled
from dashboard.services.jobs import Cancel, Job, giving_way, submit
from model_zoo.cards import cards

FIRST_PAGE_SECONDS = 3.0


def imports() -> None:
    """Import all that the first page needs, torch and every method too."""
    importlib.import_module("dashboard.views.look")
    for package, registry in (
        ("perturbations", "PERTURBATIONS"),
        ("explainers", "EXPLAINERS"),
        ("defenses", "DEFENSES"),
    ):
        len(getattr(importlib.import_module(package), registry))


def pictures() -> None:
    """Read the bundled cases and draw the pictures of their list, which imports leave a core for."""
    for entry in bundled():
        _ = entry.thumbnail


def models() -> Job[None]:
    """Load the standard models in the background, once the first page had time to be drawn, and what draws tables."""
    from dashboard.services.loading import load_classifier  # with torch, beside whose import the pictures are drawn

    def work(report: Report, cancel: Cancel) -> None:
        with giving_way():
            cancel.wait(FIRST_PAGE_SECONDS)
            importlib.import_module("pandas")
        for card in cards():
            if card.role == "standard":
                load_classifier(card.key, report, cancel)
                report(0.0)

    return submit(work, background=True)
