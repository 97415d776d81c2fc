"""The section of a model's page on its denoiser: what the record holds, and nothing where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from core.values import ModelCard
from model_zoo import denoisers
from model_zoo.denoisers import CHANGES, Denoiser, write_denoiser
from tests.dashboard.steps import models_page, shown
from tests.dashboard.test_remedies import cells

HEADING = "Its denoiser"


def measured(pixels: float, logits: float) -> dict[str, object]:
    return {
        "pixels_255": {"value": pixels, "interval": [pixels / 2, 2 * pixels]},
        "logits": {"value": logits, "interval": [logits / 2, 2 * logits]},
    }


def test_each_change_stands_before_and_behind_it_with_n_and_interval(
    zoo: Mapping[str, ModelCard], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = zoo["standard"]
    monkeypatch.setattr(denoisers, "FOLDER", tmp_path)
    assert HEADING not in shown(models_page(card.key))
    sides = {change: {"changed": measured(3, 1.4), "cleaned": measured(2, 0.6)} for change in CHANGES}
    sides["none"] = {"changed": measured(0, 0), "cleaned": measured(1, 0.8)}
    write_denoiser(card, Denoiser(card.input), {"validation": sides, "n": 24}, tmp_path)
    text = shown(models_page(card.key))
    assert HEADING in text
    assert "24 pictures of the validation split" in text
    noisy = ["3.0 (1.5 to 6.0)", "2.0 (1.0 to 4.0)", "1.4 (0.7 to 2.8)", "0.6 (0.3 to 1.2)"]
    for name in ("Gaussian noise", "Uniform noise", "Steps against the gradient"):
        assert cells(text, name) == [noisy]
    assert cells(text, "Nothing") == [["0", "1.0 (0.5 to 2.0)", "0", "0.8 (0.4 to 1.6)"]]
