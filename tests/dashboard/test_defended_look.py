"""The main page behind a defense: whose answer the panel shows, and what the list of cases remembers of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.services import aside, comparing
from dashboard.services.comparing import Comparisons
from dashboard.services.finished import Mark
from defenses import defend
from evaluation.session import fitted
from evaluation.words import percent
from imaging.bundled import bundled_cases, load_bundled
from tests.dashboard.steps import PATIENCE, picker, settled, shown
from tests.toys import small_cnn_classifier

SCRIPT = """
from dashboard.components.frame import frame
from dashboard.views.look import look

frame([])
look()
"""
CASE = next(load_bundled(case.key) for case in bundled_cases() if case.modality == "cxr")
MODEL = small_cnn_classifier()
PIXELS = fitted(CASE, MODEL.card).pixels


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The only model that is installed; nothing is computed ahead."""
    monkeypatch.setattr(comparing, "AHEAD", 0)
    monkeypatch.setattr("dashboard.services.models.cards", lambda: (MODEL.card,))
    for module in (comparing, aside):
        monkeypatch.setattr(module, "load_classifier", lambda *_: MODEL)


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the list was last given to say of the case: its mark, and its flags."""
    last: dict[str, Any] = {}

    def worklist(
        _: object, marks: Mapping[str, Mark], flags: Mapping[str, Collection[str]], *__: object, **___: object
    ) -> None:
        last.update(mark=marks.get(CASE.id), flags=list(flags[CASE.id]))

    monkeypatch.setattr("dashboard.views.look.worklist", worklist)
    return last


def page(defense: str = "", **params: object) -> AppTest:
    """The main page with an attack that flips the decision of the toy, behind a defense."""
    app = AppTest.from_string(SCRIPT, default_timeout=PATIENCE)
    given = {
        "case": CASE.id,
        "Explainer method": "saliency",
        "pgd epsilon": 16.0,
        "pgd steps": 5,
        "Defense method": defense,
    }
    for key, value in {**given, **{f"{defense} {name}": value for name, value in params.items()}}.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception
    return settled(app).run().run()  # one notes that it was shown, the next one says so in the list


def flipped(app: AppTest) -> bool:
    comparisons: Comparisons = app.session_state[f"held {Comparisons.__module__}.{Comparisons.__qualname__}"]
    assert comparisons.latest is not None
    return comparisons.latest.comparison.flipped


def test_the_panel_shows_the_answer_of_the_defended_model() -> None:
    bare, defended = (
        float(model.predict(PIXELS).probabilities[0]) for model in (MODEL, defend("bit_depth", MODEL, None))
    )
    assert percent(bare) != percent(defended)
    text = shown(page("bit_depth"))
    panel = text.partition('aria-label="Prediction"')[2].partition("</section>")[0]
    assert f'<span title="clean"><small></small> {percent(defended)}</span>' in panel
    assert "A defense stands before the model: fewer gray levels." in panel
    assert f"{percent(bare)}</span>" not in panel


def test_the_list_marks_and_flags_what_the_model_does_without_a_defense(listed: dict[str, Any]) -> None:
    assert flipped(page())
    assert listed["flags"] == ["flips"]
    assert flipped(page("bit_depth", bits=6))
    assert listed["flags"] == []
    assert np.array_equal(listed["mark"].logits, MODEL.predict(PIXELS).logits)


def test_the_answer_behind_noise_can_be_certified_though_its_map_needs_what_noise_takes_away() -> None:
    app = page("randomized_smoothing", draws=1)
    app = settled(picker(app, "Explainer").set_value("grad_cam").run())
    assert "which this model does not offer" in shown(app)
    app = settled(next(button for button in app.button if button.label == "Certify this answer").click().run())
    assert "votes under noise agree" in shown(app)
    app = settled(picker(app, "Defense").set_value("").run())
    assert "votes under noise agree" not in shown(app)
