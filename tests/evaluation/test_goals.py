"""An attack on the map wants the decision to stay, and its success is told in these words."""

from __future__ import annotations

import numpy as np
import pytest

from core.values import Goal
from evaluation.compare import compare
from evaluation.goals import goal_of, wanted
from evaluation.sentences import sentences
from tests.evaluation.results import perturbation
from tests.toys import small_cnn_classifier


@pytest.mark.parametrize("direction", [None, "hide", "induce"])
def test_the_map_moves_and_the_decision_stays(direction: str | None) -> None:
    model = small_cnn_classifier(seed=1)
    pixels = np.random.default_rng(0).uniform(0, 1, (1, 32, 32)).astype(np.float32)
    found = compare(model, pixels, target=0, explainer="grad_cam", perturbation="move_map", direction=direction)
    assert not found.flipped
    assert found.perturbation.reached.as_float
    assert wanted(found.perturbation) == "keep"
    assert "decision stays; goal keep: float yes" in sentences(found, "Technical")


def test_others_get_the_goal_that_is_asked_for() -> None:
    model = small_cnn_classifier()
    clean = model.predict(np.zeros((1, 32, 32), dtype=np.float32))
    flip = Goal.against(clean, 0)
    assert goal_of("pgd", clean, 0, None) == goal_of("keep_map", clean, 0, None) == flip
    assert goal_of("exposure", clean, 0, "induce") == Goal(0, "induce")
    assert goal_of("move_map", clean, 0, flip.direction) == Goal.standing(clean, 0) != flip
    assert wanted(perturbation("pgd")) == perturbation("pgd").goal.direction
