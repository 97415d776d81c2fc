"""What the README says of the models is what their cards and their evidence say."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.values import ModelCard, Score
from model_zoo.cards import cards
from model_zoo.evidence import evidence_of
from model_zoo.robustness import withstood

README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")
BUNDLED = [card for card in cards() if card.role != "foreign"]
ATTACKED = [card for card in BUNDLED if card.role in ("standard", "robust", "regularized")]


def row(card: ModelCard) -> str:
    """The line of the table of models."""
    measured = (cell(card.results[name]) for name in ("auroc", "sensitivity", "specificity", "external_auroc"))
    return f"| {' | '.join([f'`{card.key}`', *measured])} |"


def cell(score: Score) -> str:
    """0.979 [0.961, 0.992], n 288."""
    assert score.interval is not None
    low, high = score.interval
    return f"{score.value:.3f} [{low:.3f}, {high:.3f}], n {score.n}"


def stress_row(card: ModelCard) -> str:
    """The line of the table of attacks: share answered rightly, clean, under PGD and Square, and under equal noise."""
    evidence = evidence_of(card.key)
    assert evidence is not None
    rows = withstood(card, evidence)
    pgd = {float(row.params["epsilon"]): row for row in rows if row.method == "pgd"}
    (square,) = (row for row in rows if row.method == "square")
    shares = [rate(pgd[0.5].clean.accuracy), *(rate(pgd[e].perturbed.accuracy) for e in (0.5, 1.0, 2.0))]
    shares += [rate(square.perturbed.accuracy), rate(pgd[2.0].control.accuracy)]
    return f"| {' | '.join([f'`{card.key}`', *shares])} |"


def rate(score: Score) -> str:
    """47 % [35, 60]."""
    assert score.interval is not None
    low, high = score.interval
    return f"{100 * score.value:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"


@pytest.mark.parametrize("card", BUNDLED, ids=lambda card: card.key)
def test_the_table_of_models_is_that_of_the_cards(card: ModelCard) -> None:
    assert row(card) in README


@pytest.mark.parametrize("card", ATTACKED, ids=lambda card: card.key)
def test_the_table_of_attacks_is_that_of_the_evidence(card: ModelCard) -> None:
    assert stress_row(card) in README
