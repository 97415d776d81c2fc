"""The numbers on each card are those of the weights beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_zoo.data import examples, read_rows
from model_zoo.loading import load_classifier
from model_zoo.measures import auroc
from model_zoo.tasks import load_task
from model_zoo.train import logits_of

FOLDERS = {"cxr_pneumonia": "cxr", "dermoscopy_melanoma": "dermoscopy", "fundus_referable_dr": "fundus"}


@pytest.mark.slow
@pytest.mark.parametrize("key", FOLDERS)
def test_auroc_on_the_test_split_is_what_the_card_says(key: str, shared_data: Path) -> None:
    model, task = load_classifier(key), load_task(key)
    test = examples(read_rows(shared_data / FOLDERS[key], task), "test", task)
    area = auroc(logits_of(model.network, test), test.targets[:, 0] == 1)
    assert area == pytest.approx(model.card.results["auroc"].value, abs=0.002)
