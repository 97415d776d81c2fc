"""The sections of a model's page on defenses and detectors say what was measured, and nothing where nothing was."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pytest

from core.values import ModelCard
from dashboard.services import remedies
from evaluation.defended import Defended
from evaluation.detect import Detected, Detection
from evaluation.evade import Evasion
from tests.dashboard.steps import models_page, shown

N = 20
GROUPS = np.arange(N)


def first(count: int) -> np.ndarray:
    """(N,) true for so many."""
    return np.arange(N) < count


def cells(text: str, name: str) -> list[list[str]]:
    """The lines of tables that begin with a name, as texts."""
    lines = re.findall(f'<tr><th scope="row">{name}</th>(.*?)</tr>', text)
    return [[re.sub("<[^>]+>", "", cell).strip() for cell in line.split("</td>")[:-1]] for line in lines]


def test_both_attackers_stand_side_by_side(zoo: Mapping[str, ModelCard], monkeypatch: pytest.MonkeyPatch) -> None:
    right = {
        "none": {"clean": first(18), "noise": first(18), "unknowing": first(0), "knowing": first(0)},
        "bit_depth": {"clean": first(16), "noise": first(15), "unknowing": first(10), "knowing": first(1)},
    }
    found = Defended("pgd", {"epsilon": 1.0, "steps": 10, "step_size": 2.5, "random_start": False, "restarts": 1,
                             "averaged": 1, "keep_others": False}, 0, GROUPS, right)  # fmt: skip
    monkeypatch.setattr(remedies, "defenses_of", lambda card: found)
    remedies.behind_defenses.clear()
    text = shown(models_page(zoo["standard"].key))
    assert "on 20 pictures of the test split" in text
    assert [cell.partition(" (")[0] for cell in cells(text, "Fewer gray levels")[0]] == ["80 %", "75 %", "50 %", "5 %"]
    assert cells(text, "No defense")[0][3].startswith("0 %")
    remedies.behind_defenses.clear()


def test_a_detector_is_judged_by_who_knows_it_and_by_accidents(
    zoo: Mapping[str, ModelCard], monkeypatch: pytest.MonkeyPatch
) -> None:
    low, high = np.linspace(0, 0.9, N), np.linspace(2, 3, N)
    scores = {"clean": low, "jpeg": low, "motion_blur": high, "pgd": high, "knowing": low}
    detection = Detection("feature_squeezing", 1.0, scores, {"pgd": first(10), "knowing": first(0)})
    plans = {"pgd": {"epsilon": 1.0}}, {"jpeg": {}, "motion_blur": {}}
    found = Detected(0, GROUPS, *plans, Evasion(epsilon=1.0, steps=20), (detection,))
    monkeypatch.setattr(remedies, "detectors_of", lambda card: found)
    remedies.before_detectors.clear()
    app = models_page(zoo["standard"].key)
    by_pgd, knowing = cells(shown(app), "Feature squeezing")
    assert by_pgd[0] == "Projected gradient descent"
    assert by_pgd[1].startswith("1.000")
    assert by_pgd[2].startswith("100 %")
    assert by_pgd[3] == "10"
    assert by_pgd[4].startswith("0 %")
    assert by_pgd[5].startswith("100 %")
    assert by_pgd[5].endswith("Motion blur")
    assert knowing[:4] == ["Attacker who knows the detector", "–", "–", "0"]
    (against,) = (box for box in app.selectbox if box.label == "ROC curves against")
    assert against.options == ["Projected gradient descent"]
    remedies.before_detectors.clear()


def test_nothing_measured_makes_no_section(zoo: Mapping[str, ModelCard]) -> None:
    text = shown(models_page(zoo["standard"].key))
    assert "Behind defenses" not in text
    assert "Before detectors" not in text
