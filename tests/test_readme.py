"""What the README says of the models is what their cards say."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.values import ModelCard, Score
from model_zoo.cards import cards

README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")


def row(card: ModelCard) -> str:
    """The line of the table of models."""
    cells = [f"`{card.key}`", *(cell(card.results[name]) for name in ("auroc", "sensitivity", "specificity"))]
    return f"| {' | '.join(cells)} |"


def cell(score: Score) -> str:
    """0.979 [0.961, 0.992], n 288."""
    assert score.interval is not None
    low, high = score.interval
    return f"{score.value:.3f} [{low:.3f}, {high:.3f}], n {score.n}"


@pytest.mark.parametrize("card", cards(), ids=lambda card: card.key)
def test_the_table_of_models_is_that_of_the_cards(card: ModelCard) -> None:
    assert row(card) in README
