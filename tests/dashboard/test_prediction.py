"""The prediction panel: the operating point by name, and what is certain at the coverage that the reader picks."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from evaluation import coverage
from model_zoo.evidence import Evidence, Outputs
from tests.dashboard.steps import shown


def panel(points: int, logit: float) -> None:
    """The panel of a toy with so many operating points, on an image with this logit."""
    import dataclasses

    import numpy as np
    import streamlit as st

    from core.values import Case, Prediction
    from dashboard.components.prediction import pick_reading, prediction_panel
    from tests.toys import small_cnn_classifier

    named = dict(list({"balanced": (0.41,), "screening": (0.07,)}.items())[:points])
    card = dataclasses.replace(small_cnn_classifier().card, operating_points=named, labels=("pneumonia",))
    reading = pick_reading(card)
    st.session_state["reading"] = reading
    z = np.array([logit], dtype=np.float32)
    threshold = np.array(card.thresholds(reading.point), dtype=np.float32)
    clean = Prediction(card.labels, z, 1 / (1 + np.exp(-z)), threshold)
    case = Case("0" * 16, "case", "cxr", np.zeros((4, 4, 1), dtype=np.float32))
    prediction_panel(card, case, 0, reading, clean, None, "", stale=False)


def drawn(points: int = 1, logit: float = 0.0) -> AppTest:
    app = AppTest.from_function(panel, args=(points, logit), default_timeout=60).run()
    assert not app.exception
    return app


@pytest.fixture
def evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Validation results of the toy: 99 images with the finding and 99 without, whose logits overlap at 0."""
    logits = np.concatenate([np.linspace(-1, 3, 99), np.linspace(-3, 1, 99)])
    measured = Outputs(logits, np.arange(198) < 99, np.arange(198), ("made",) * 198)
    monkeypatch.setattr(coverage, "evidence_of", lambda key: Evidence("", {"validation": measured}, shift=0.0))


def test_without_a_choice_there_is_no_picker_and_without_evidence_no_certainty() -> None:
    app = drawn()
    assert not app.segmented_control
    assert "flagged from 41 %, balanced point" in shown(app)
    assert "coverage" not in shown(app)


def test_an_operating_point_can_be_picked() -> None:
    app = drawn(points=2)
    (picker,) = app.segmented_control
    picker.set_value("screening").run()
    assert "flagged from 7 %, screening point" in shown(app)
    assert app.session_state["reading"].point == "screening"


@pytest.mark.parametrize(("logit", "said"), [(0.0, "can&#x27;t tell"), (2.5, "flagged"), (-2.5, "not flagged")])
def test_certain_at_the_usual_coverage(evidence: None, logit: float, said: str) -> None:
    assert f"At 90 % coverage: <b>{said}</b>" in shown(drawn(logit=logit))


def test_coverage_can_be_picked_up_to_the_highest(evidence: None) -> None:
    app = drawn(logit=0.9)
    (picker,) = app.segmented_control
    assert picker.options == ["80 %", "90 %", "95 %", "99 %"]
    assert "At 90 % coverage: <b>flagged</b>" in shown(app)
    picker.set_value(0.99).run()
    assert "At 99 % coverage: <b>can&#x27;t tell</b>" in shown(app)


def test_few_validation_images_promise_less(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = Outputs(np.linspace(-1, 1, 20), np.arange(20) >= 10, np.arange(20), ("made",) * 20)
    monkeypatch.setattr(coverage, "evidence_of", lambda key: Evidence("", {"validation": measured}, shift=0.0))
    (picker,) = drawn().segmented_control
    assert picker.options == ["80 %", "90 %"]
