"""The sentences, word for word, for comparisons with known numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.values import Comparison, Reached, Saved
from evaluation.control import control_caption
from evaluation.sentences import sentences
from tests.evaluation.results import attribution, change, comparison, perturbation

PLAIN = [
    (
        comparison(),
        "Projected gradient descent hides the finding: at 1.0/255, one gray level in 256, the model changes from "
        "pneumonia 93 % to 12 % and no longer flags it (flagged from 41 %). Random noise of the same size changes "
        "it by 0.3 points. About a third of the map's strongest tenth stays in place, nearly all under the noise.",
    ),
    (
        comparison(before=0.02, after=0.97, noisy=0.6, made=perturbation("fgsm", 0.5), explanation_change=change(0.08)),
        "Fast gradient sign induces the finding: at 0.5/255, under one gray level in 256, the model changes from "
        "pneumonia 2 % to 97 % and now flags it (flagged from 41 %). Random noise of the same size changes it by "
        "58 points and flips the decision too. About a tenth of the map's strongest tenth stays in place (no more "
        "than by chance), nearly all under the noise.",
    ),
    (
        comparison(
            after=0.932, made=perturbation("jpeg", 38.0, params={"severity": 3}), explanation_change=change(1.0)
        ),
        "With JPEG compression, the model stays at pneumonia 93 % and still flags it (flagged from 41 %). Random "
        "noise of the same size changes it by 0.3 points. All of the map's strongest tenth stays in place, nearly "
        "all under the noise.",
    ),
    (
        comparison(
            before=0.2, after=0.3, noisy=0.2, made=perturbation("pgd", 2.55), explanation_change=change(math.nan)
        ),
        "With projected gradient descent at 2.55/255, at most 2.55 gray levels in 256, the model changes from "
        "pneumonia 20 % to 30 % and still does not flag it (flagged from 41 %). Random noise of the same size "
        "changes it by under 0.1 points. How the map moved can't be said: before or after, it shows nothing that "
        "stands out.",
    ),
]


@pytest.mark.parametrize(("made", "said"), PLAIN, ids=["hides", "induces", "artifact", "fails"])
def test_plain(made: Comparison, said: str) -> None:
    assert sentences(made) == said


@pytest.mark.parametrize(("empty", "when"), [(0, "Before"), (1, "After")])
def test_a_map_without_evidence(empty: int, when: str) -> None:
    maps = [attribution(), attribution(), attribution()]
    maps[empty] = attribution(np.zeros((4, 4), dtype=np.float32))
    made = comparison(maps=(maps[0], maps[1], maps[2]), explanation_change=change(math.nan))
    assert sentences(made).endswith(f"{when} the change, the map shows no evidence at all.")


def test_nothing_is_said_of_saving_before_it_is_known() -> None:
    early = comparison(made=perturbation(reached=Reached(True, None)))
    assert sentences(early) == sentences(comparison())
    assert "goal hide: float yes. Control" in sentences(early, "Technical")


def test_technical() -> None:
    made = comparison(
        made=perturbation(reached=Reached(True, Saved(True, False))), control_change=change(0.97, math.nan)
    )
    assert sentences(made, "Technical") == (
        "Projected gradient descent (L-infinity 1.0/255, L2 0.1, SSIM 0.990, seed 3): logit 2.59 -> -1.99, "
        "p(pneumonia) 0.930 -> 0.120, threshold 0.410, decision flips; goal hide: float yes, 8-bit yes, JPEG 95 "
        "no. Control, noise of the same size (L-infinity 1.0/255): p 0.930 -> 0.927, decision stays. Map against "
        "the clean one (control in parentheses): rank correlation (Spearman) 0.50 (undefined), top-10 % overlap 0.34 "
        "(0.97), SSIM of the maps 0.70 (0.70), centroid shift 12.00 px (12.00 px); chance overlap 0.10."
    )


def test_control_of_an_artifact_has_the_same_root_mean_square() -> None:
    blurred = perturbation("motion_blur", 80.0, l2=0.1)  # over 16 values: 0.025 of the range
    assert control_caption(blurred) == "noise of the same size (RMS 6.38/255)"
