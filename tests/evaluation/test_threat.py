"""The card of a run follows from what its method stands for, what it was asked to do, and the size of its change."""

from __future__ import annotations

import dataclasses
import math
import re

import pytest

from core.values import Goal, Perturbation
from defenses import DEFENSES
from evaluation.summary import _threat
from evaluation.threat import (
    REMEDIES,
    Influence,
    Knowledge,
    Specificity,
    Stage,
    ThreatCard,
    Violation,
    psnr,
    threat_card,
)
from perturbations import PERTURBATIONS, PerturbationMethod, Threat
from tests.evaluation.results import perturbation


def induced(made: Perturbation) -> Perturbation:
    return dataclasses.replace(made, goal=Goal(0, "induce"))


@pytest.mark.parametrize(
    ("made", "terms"),
    [
        (
            perturbation("pgd"),
            (
                Influence.EXPLORATORY,
                Violation.INTEGRITY,
                Specificity.TARGETED,
                Knowledge.WHITE_BOX,
                Stage.USE,
            ),
        ),
        (
            induced(perturbation("square", params={})),
            (
                Influence.EXPLORATORY,
                Violation.AVAILABILITY,
                Specificity.TARGETED,
                Knowledge.BLACK_BOX,
                Stage.USE,
            ),
        ),
        (
            perturbation("trigger", params={}),
            (
                Influence.CAUSATIVE,
                Violation.INTEGRITY,
                Specificity.MARKED,
                Knowledge.NONE,
                Stage.TRAINING,
            ),
        ),
        (
            perturbation("exposure", params={}),
            (
                Influence.NONE,
                Violation.NONE,
                Specificity.INDISCRIMINATE,
                Knowledge.NONE,
                Stage.COLLECTION,
            ),
        ),
        (
            perturbation("uniform_noise"),
            (
                Influence.NONE,
                Violation.NONE,
                Specificity.INDISCRIMINATE,
                Knowledge.NONE,
                Stage.USE,
            ),
        ),
    ],
)
def test_terms(made: Perturbation, terms: tuple[object, ...]) -> None:
    card = threat_card(made)
    assert (card.influence, card.violation, card.specificity, card.knowledge, card.stage) == terms


def test_cost_and_visibility_are_those_of_the_run() -> None:
    made = perturbation(linf_255=1.0, ssim=0.98, l2=0.04)
    card = threat_card(made)
    assert (card.queries, card.seconds, card.largest_255, card.ssim) == (24, 0.5, 1.0, 0.98)
    assert card.rms_255 == pytest.approx(255 * 0.04 / 4)  # 16 values
    assert card.psnr == pytest.approx(40.0)  # root mean square of 0.01


def test_psnr() -> None:
    assert psnr(1.0, 1) == 0
    assert psnr(0.0, 16) == math.inf


def test_every_method_has_a_card_with_remedies() -> None:
    assert set(REMEDIES) == set(Threat)
    for method in PERTURBATIONS:
        card = threat_card(perturbation(method.key, params={}))
        assert card.remedies
        assert (card.influence is Influence.CAUSATIVE) == (method.threat is Threat.POISONING)
        assert (card.knowledge is Knowledge.WHITE_BOX) == (method.threat in (Threat.WHITE_BOX, Threat.EXPLANATION))
        assert (card.violation is Violation.EXPLANATION) == (method.threat is Threat.EXPLANATION)


SAID = {
    "influence": {Influence.CAUSATIVE: "causative", Influence.EXPLORATORY: "exploratory"},
    "knowledge": {Knowledge.WHITE_BOX: "white-box", Knowledge.BLACK_BOX: "black-box"},
    "specificity": {
        Specificity.TARGETED: "targeted",
        Specificity.MARKED: "targeted",
        Specificity.INDISCRIMINATE: "indiscriminate",
    },
}


@pytest.mark.parametrize("method", list(PERTURBATIONS), ids=lambda method: method.key)
def test_the_card_says_what_the_text_of_the_method_says(method: PerturbationMethod) -> None:
    card, text = threat_card(perturbation(method.key, params={})), " ".join(method.text.split())
    for name, words in SAID.items():
        for found in re.findall(rf"{name} \*([a-z-]+)\*", text):
            assert words[getattr(card, name)] == found


def test_defenses_that_stand_before_a_model() -> None:
    blind = threat_card(perturbation("square", params={})).defenses
    assert set(blind) == {method.key for method in DEFENSES}
    assert set(blind) - set(threat_card(perturbation()).defenses) >= {"logit_noise"}
    assert threat_card(perturbation("trigger", params={})).defenses == ()


def test_as_plain_values() -> None:
    plain = _threat(perturbation(l2=0.0))
    assert plain["influence"] == "exploratory"
    assert plain["knowledge"] == "white_box"
    assert plain["psnr"] is None
    assert set(plain) == {field.name for field in dataclasses.fields(ThreatCard)}
