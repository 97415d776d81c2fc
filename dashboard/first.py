"""make first: computes the comparison that the app opens with, and keeps it, see dashboard.services.first."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from dashboard.services.cases import bundled
from dashboard.services.comparing import Comparisons, Finished, Request, Subject, compared
from dashboard.services.first import write
from dashboard.services.jobs import Cancel, always
from model_zoo.cards import load_card

APP = Path(__file__).parent / "app.py"
PATIENCE = 300


def opening_request() -> Request:
    """What the app asks for when it is opened."""
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE).run()
    comparisons: Comparisons = app.session_state[f"held {Comparisons.__module__}.{Comparisons.__qualname__}"]
    assert comparisons.asked is not None, "the app opens with a comparison"
    comparisons.stop()
    return comparisons.asked


def computed(request: Request) -> Finished:
    """The answer, computed now."""
    cases = {Subject.of(entry.case): entry.case for entry in bundled()}
    return compared(request, cases[request.subject], [*cases.values()], lambda share: None, Cancel(always))


if __name__ == "__main__":
    asked = opening_request()
    write(computed(asked), load_card(asked.model))
