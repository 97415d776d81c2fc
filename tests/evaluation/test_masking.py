"""A model hides its gradients where an attack does better than one that should beat it, on the same pictures."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from core.values import ModelCard, Reached, Saved
from evaluation import masking
from evaluation.masking import evidence_cautions, masking_signs
from model_zoo.cards import cards
from model_zoo.evidence import TEST, Evidence, Outputs, Stress, evidence_of
from tests.evaluation.results import perturbation
from tests.toys import linear_classifier

CARD = linear_classifier().card
N = 16
TRUTH = np.array([True, False] * (N // 2))
FAILED = Reached(False, Saved(False, False))
ATTACKED = [card for card in cards() if card.role in ("standard", "robust", "regularized", "distilled")]


def stress(method: str, right: int, pictures: int = N, **params: float) -> Stress:
    """An attack after which the first of so many pictures are answered rightly."""
    logits = np.where((np.arange(N) < right) == TRUTH, 9.0, -9.0)[:pictures]
    return Stress(method, params, np.arange(pictures), logits, logits, logits)


def evidence(*made: Stress, sha256: str = CARD.sha256) -> Evidence:
    outputs = Outputs(np.zeros(N), TRUTH, np.arange(N), ("here",) * N)
    return Evidence(sha256, {TEST: outputs}, 0.0, made)


PGD = stress("pgd", 8, epsilon=1.0, steps=50)


@pytest.mark.parametrize(
    ("made", "words", "tests"),
    [
        (stress("square", 3, epsilon=1.0), "sees only answers, unlike Projected gradient descent,", 2),
        (stress("fgsm", 3, epsilon=1.0), "takes fewer steps than Projected gradient descent,", 3),
        (stress("pgd", 3, epsilon=0.5, steps=50), "may change less than at 1/255,", 2),
    ],
)
def test_a_weaker_attack_that_does_better_is_a_sign(made: Stress, words: str, tests: int) -> None:
    """On five of five pictures by chance: once in 32."""
    tried = stress("square", N, epsilon=1.0)
    (sign,) = masking_signs(CARD, evidence(PGD, made, tried)) or ()
    numbers = "of 16 pictures, misleads on 5 where that one fails and fails on 0 where that one misleads"
    assert f"{words} and yet, {numbers} (p = 0.031, in one of {tests} tests)." in sign


@pytest.mark.parametrize(
    "made",
    [
        stress("square", 8, epsilon=1.0),  # equally well
        stress("square", 4, epsilon=1.0),  # better by four of four, which chance does once in 16
        stress("square", 1, epsilon=2.0),  # at another size
        stress("pgd", 2, epsilon=0.5, steps=10),  # with other settings
        stress("uniform_noise", 0, epsilon=1.0),  # no attack
        stress("trigger", 0),
    ],
)
def test_no_sign_where_it_need_not_be_weaker_or_chance_would_do(made: Stress) -> None:
    assert masking_signs(CARD, evidence(PGD, made, stress("square", N, epsilon=1.0))) == ()


def test_what_one_attack_misses_counts_against_it() -> None:
    """Better on seven pictures and worse on four is nothing that chance would not do."""
    right = np.isin(np.arange(N), [0, *range(8, 12)])
    logits = np.where(right == TRUTH, 9.0, -9.0)
    mixed = Stress("square", {"epsilon": 1.0}, np.arange(N)[::-1], *3 * (logits[::-1],))
    assert masking_signs(CARD, evidence(PGD, mixed)) == ()
    (sign,) = masking_signs(CARD, evidence(stress("pgd", N, epsilon=1.0), mixed)) or ()
    assert "misleads on 11 where that one fails and fails on 0" in sign


def test_only_the_pictures_that_both_were_tried_on_count() -> None:
    late = Stress("pgd", {"epsilon": 1.0}, np.arange(N), *3 * (np.where(np.arange(N) < 8, ~TRUTH, TRUTH) * 2.0 - 1,))
    early = stress("square", 1, 8, epsilon=1.0)
    assert masking_signs(CARD, evidence(late, early)) == ()  # of the first eight, 0 are right beside 1


def test_a_large_attack_that_leaves_more_right_than_chance_would_is_a_sign() -> None:
    """Where it should leave one of twenty, four of 16 happen in one of 140 test splits, and two in one of five."""
    blind = stress("square", N, epsilon=8.0)
    (sign,) = masking_signs(CARD, evidence(stress("pgd", 4, epsilon=8.0), blind)) or ()
    assert sign.endswith(
        "at 8/255 still leaves 4 of 16 pictures right at a visible size, more than 5 % (p = 0.007, in one of 2 tests)."
    )
    assert masking_signs(CARD, evidence(stress("pgd", 2, epsilon=8.0), blind)) == ()


@pytest.mark.parametrize("card", ATTACKED, ids=lambda card: card.key)
def test_a_published_model_was_attacked_at_such_a_size(card: ModelCard) -> None:
    known = evidence_of(card.key)
    assert known is not None
    assert any(each.method == "pgd" and float(each.params["epsilon"]) >= masking.LARGE for each in known.stress)


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
