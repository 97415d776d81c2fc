"""The table of where maps point: what was measured, on the pictures and with the model that the reader picks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.values import ModelCard
from evaluation import localized
from evaluation.localize import CENTER, RANDOM, SCORES, Localization
from evaluation.localized import write_localizations
from model_zoo.cards import cards
from tests.dashboard.steps import shown

SCRIPT = "from dashboard.components.localization import localization\nlocalization()"
CARDS: dict[str, ModelCard] = {card.key: card for card in cards()}


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """An empty folder of results."""
    monkeypatch.setattr(localized, "FOLDER", tmp_path)
    st.cache_data.clear()
    yield tmp_path
    st.cache_data.clear()


def found(saliency: float, left_out: int = 0) -> Localization:
    values = {RANDOM: 0.2, CENTER: 0.6, "saliency": saliency}
    scores = {key: {name: np.linspace(value, value + 0.02, 12) for name in SCORES} for key, value in values.items()}
    flagged, areas = np.arange(12) < 9, np.full(12, 0.3)
    return Localization("cxr_phantoms", np.arange(12), left_out, flagged, areas, scores)


def opened() -> AppTest:
    app = AppTest.from_string(SCRIPT, default_timeout=60).run()
    assert not app.exception
    return app


def test_nothing_was_measured(folder: Path) -> None:
    assert "Nothing was measured here yet" in shown(opened())


def test_one_model(folder: Path) -> None:
    write_localizations(CARDS["cxr_pneumonia"], [found(0.9, left_out=3)], folder)
    text = shown(opened())
    assert "12 pictures with the finding, of which the model flags 9. 3 more were left out" in text
    assert "fills 30 %" in text
    assert "▲ 0.91 <small>" in text
    assert "Not measured here: " in text
    assert "RISE" in text.partition("Not measured here: ")[2]
    assert "Better than the central blob on all four scores." in text
    assert text.index("Random values") < text.index("Central blob <small>") < text.index("Saliency")


def test_results_of_other_weights_are_not_shown(folder: Path) -> None:
    write_localizations(dataclasses.replace(CARDS["cxr_pneumonia"], sha256="0" * 64), [found(0.9)], folder)
    assert "Nothing was measured here yet" in shown(opened())


def test_standard_against_robust_twin(folder: Path) -> None:
    write_localizations(CARDS["cxr_pneumonia"], [found(0.3)], folder)
    write_localizations(CARDS["cxr_pneumonia_robust"], [found(0.9)], folder)
    app = opened()
    assert "point better at the finding (localization AUC on the same pictures): Saliency. Worse: none" in shown(app)
    assert "▼ 0.31 <small>" in shown(app)
    app.segmented_control[0].set_value("cxr_pneumonia_robust").run()
    assert "▲ 0.91 <small>" in shown(app)
