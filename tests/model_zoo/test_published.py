"""The numbers on each card are those of the weights beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy.special import expit

from model_zoo.cards import cards
from model_zoo.data import examples, read_rows
from model_zoo.loading import load_classifier
from model_zoo.measures import auroc, sensitivity, specificity
from model_zoo.tasks import load_task
from model_zoo.train import logits_of

BUNDLED = [card.key for card in cards() if card.role != "foreign"]


@pytest.mark.thorough
@pytest.mark.parametrize("key", BUNDLED)
def test_the_test_split_gives_what_the_card_says(key: str, shared_data: Path) -> None:
    model, task = load_classifier(key), load_task(key)
    test = examples(read_rows(shared_data / task.input.modality, task), "test", task)
    logits, truth = logits_of(model.network, test), test.targets[:, 0] == 1
    flagged = expit(logits / model.card.scale) >= model.thresholds[0]
    measured = {
        "auroc": auroc(logits, truth),
        "sensitivity": sensitivity(flagged, truth),
        "specificity": specificity(flagged, truth),
    }
    for measure, value in measured.items():
        assert value == pytest.approx(model.card.results[measure].value, abs=0.005), measure
