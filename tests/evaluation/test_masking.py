"""A model hides its gradients where an attack does better than one that should beat it, on the same pictures."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from core.values import Reached
from evaluation import masking
from evaluation.masking import evidence_cautions, masking_signs
from model_zoo.evidence import TEST, Evidence, Outputs, Stress
from tests.evaluation.results import perturbation
from tests.toys import linear_classifier

CARD = linear_classifier().card
TRUTH = np.array([True, False] * 4)
FAILED = Reached(False, False, False)


def stress(method: str, right: int, pictures: int = 8, **params: float) -> Stress:
    """An attack after which the first of so many pictures are answered rightly."""
    logits = np.where((np.arange(8) < right) == TRUTH, 9.0, -9.0)[:pictures]
    return Stress(method, params, np.arange(pictures), logits, logits, logits)


def evidence(*made: Stress, sha256: str = CARD.sha256) -> Evidence:
    outputs = Outputs(np.zeros(8), TRUTH, np.arange(8), ("here",) * 8)
    return Evidence(sha256, {TEST: outputs}, 0.0, made)


PGD = stress("pgd", 4, epsilon=1.0, steps=50)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (
            stress("square", 3, epsilon=1.0),
            "sees only answers, unlike Projected gradient descent, and yet leaves 3 of 8",
        ),
        (stress("fgsm", 2, epsilon=1.0), "takes fewer steps than Projected gradient descent, and yet leaves 2 of 8"),
        (stress("pgd", 1, epsilon=0.5, steps=50), "may change less than at 1/255, and yet leaves 1 of 8"),
    ],
)
def test_a_weaker_attack_that_does_better_is_a_sign(made: Stress, words: str) -> None:
    tried = stress("square", 8, epsilon=1.0)
    (sign,) = masking_signs(CARD, evidence(PGD, made, tried)) or ()
    assert words in sign
    assert sign.endswith("pictures right, not 4.")


@pytest.mark.parametrize(
    "made",
    [
        stress("square", 4, epsilon=1.0),  # equally well
        stress("square", 1, epsilon=2.0),  # at another size
        stress("pgd", 2, epsilon=0.5, steps=10),  # with other settings
        stress("uniform_noise", 0, epsilon=1.0),  # no attack
        stress("trigger", 0),
    ],
)
def test_no_sign_where_it_need_not_be_weaker(made: Stress) -> None:
    assert masking_signs(CARD, evidence(PGD, made, stress("square", 8, epsilon=1.0))) == ()


def test_only_the_pictures_that_both_were_tried_on_count() -> None:
    late = Stress("pgd", {"epsilon": 1.0}, np.arange(8), *3 * (np.where(np.arange(8) < 4, ~TRUTH, TRUTH) * 2.0 - 1,))
    early = stress("square", 1, 4, epsilon=1.0)
    assert masking_signs(CARD, evidence(late, early)) == ()  # of the first four, 0 are right beside 1


def test_a_large_attack_that_leaves_pictures_right_is_a_sign() -> None:
    blind = stress("square", 8, epsilon=8.0)
    (sign,) = masking_signs(CARD, evidence(stress("pgd", 1, epsilon=8.0), blind)) or ()
    assert "at 8/255 still leaves 1 of 8 pictures right" in sign
    assert masking_signs(CARD, evidence(stress("pgd", 0, epsilon=8.0), blind)) == ()


def test_unknown_without_an_attack_that_sees_only_answers() -> None:
    assert masking_signs(CARD, evidence(PGD, stress("square", 1, epsilon=2.0))) is None


def test_the_sign_stands_beside_a_failure_by_gradients_of_that_very_model(monkeypatch: pytest.MonkeyPatch) -> None:
    known = evidence(PGD, stress("square", 3, epsilon=1.0))
    failed = perturbation(reached=FAILED)
    assert evidence_cautions(CARD, failed) == ()
    monkeypatch.setattr(masking, "evidence_of", lambda key: known)
    (caution,) = evidence_cautions(CARD, failed)
    assert caution.about == "decision"
    assert "Square" in caution.reason
    assert evidence_cautions(CARD, perturbation()) == ()
    assert evidence_cautions(CARD, perturbation("square", params={}, reached=FAILED)) == ()
    assert evidence_cautions(dataclasses.replace(CARD, sha256="1" * 64), failed) == ()
