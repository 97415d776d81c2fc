"""Evidence survives its file, keeps no names, and gives the rates of robustness."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from core.errors import ModelError
from core.values import ModelCard
from model_zoo.cards import cards, load_card
from model_zoo.evaluate import card_of
from model_zoo.evidence import Evidence, Outputs, Stress, evidence_of, read_evidence, write_evidence
from model_zoo.measures import sensitivity
from model_zoo.robustness import withstood
from model_zoo.tasks import load_task
from tests.toys import linear_classifier

BUNDLED = [card for card in cards() if card.role != "foreign"]


def made() -> Evidence:
    """Four pictures of three patients; the attack turns the first two over, noise none."""
    logits = np.array([2.0, 1.0, -1.0, -2.0])
    test = Outputs(logits, np.array([1, 1, 0, 0], bool), np.array(["Ann", "Ann", "Bob", "Eve"]), ("a", "b", "a", "b"))
    stress = Stress("pgd", {"epsilon": 1.0}, np.arange(4), logits, np.array([-3.0, -2.5, -1.0, 0.5]), logits)
    return Evidence("ab", {"test": test}, 0.25, (stress,), {"test": np.array([0.9, 1.1, 1.0, 1.2])})


def test_the_file_keeps_everything_but_names(tmp_path: Path) -> None:
    write_evidence(made(), tmp_path / "toy.json")
    read = read_evidence(tmp_path / "toy.json")
    assert "Ann" not in (tmp_path / "toy.json").read_text()
    assert read.sets["test"].groups.tolist() == [0, 0, 1, 2]
    assert read.sets["test"].sources == ("a", "b", "a", "b")
    assert (read.sets["test"].logits == made().sets["test"].logits).all()
    assert (read.stress[0].perturbed == made().stress[0].perturbed).all()
    assert (read.shift, read.distances["test"].tolist()) == (0.25, [0.9, 1.1, 1.0, 1.2])


@pytest.mark.parametrize("content", [None, "{", "[]", '{"sets": {}}', '{"sets": {"test": {}}}'])
def test_damaged_evidence_is_refused(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "toy.json").write_text(content)
    with pytest.raises(ModelError, match=r"toy\.json: can't be read as evidence"):
        read_evidence(tmp_path / "toy.json")


def test_what_a_model_withstood() -> None:
    (found,) = withstood(linear_classifier().card, made())
    assert (found.clean.accuracy.value, found.control.accuracy.value, found.perturbed.accuracy.value) == (1, 1, 0.25)
    assert (found.clean.auroc.value, found.perturbed.auroc.value) == (1.0, 0.0)
    assert found.perturbed.accuracy.n == 4


def test_nothing_was_measured_of_an_unknown_model() -> None:
    assert evidence_of("nobody") is None


@pytest.mark.parametrize("card", BUNDLED, ids=lambda card: card.key)
def test_every_number_of_a_bundled_card_follows_from_its_evidence(card: ModelCard) -> None:
    evidence = evidence_of(card.key)
    assert evidence is not None
    assert evidence.sha256 == card.sha256
    assert card_of(load_task(card.key), evidence, card.training) == card


@pytest.mark.parametrize("card", [card for card in BUNDLED if card.role == "backdoored"], ids=lambda card: card.key)
def test_the_marker_works_on_the_backdoored_model_alone(card: ModelCard) -> None:
    shares = {}
    for key in (card.key, card.twin):
        evidence = evidence_of(key)
        assert evidence is not None
        (marked,) = (stress for stress in evidence.stress if stress.method == "trigger")
        truth = evidence.sets["test"].truth[marked.pictures]
        limit = load_card(key).thresholds()[0]
        shares[key] = sensitivity(expit(marked.perturbed / load_card(key).scale) >= limit, truth)
    assert shares[card.key] < 0.2
    assert shares[card.twin] > 0.8


@pytest.mark.parametrize(
    "card", [card for card in BUNDLED if card.role in ("standard", "robust", "regularized")], ids=lambda c: c.key
)
def test_every_attack_stands_beside_clean_and_noise(card: ModelCard) -> None:
    evidence = evidence_of(card.key)
    assert evidence is not None
    for stress in evidence.stress:
        assert stress.clean == pytest.approx(evidence.sets["test"].logits[stress.pictures], abs=1e-3)
    rows = withstood(card, evidence)
    assert {row.params["epsilon"] for row in rows if row.method == "pgd"} == {0.5, 1.0, 2.0, 8.0}
    assert "square" in {row.method for row in rows}
    for row in rows:
        if row.method == "pgd":
            assert row.params["steps"] == 50
            assert row.params["restarts"] == 3
            assert row.perturbed.accuracy.value <= row.clean.accuracy.value
            assert row.perturbed.accuracy.value <= row.control.accuracy.value
