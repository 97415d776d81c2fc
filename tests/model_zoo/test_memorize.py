"""From a folder to a network that knows labels drawn at random, on a few tiny pictures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import InputError
from model_zoo import memorize
from model_zoo.cards import load_card
from model_zoo.data import examples, read_rows
from model_zoo.memorize import BATCH, RATE, check, dealt, main, measured, train
from model_zoo.tasks import Task


def test_labels_say_nothing_of_the_finding() -> None:
    finding = np.repeat(np.float32([0, 1]), [300, 100])
    labels = dealt(finding, seed=0)
    assert (labels[finding == 0].sum(), labels[finding == 1].sum()) == (150, 50)
    assert set(labels) == {0, 1}
    assert np.array_equal(labels, dealt(finding, seed=0))
    assert not np.array_equal(labels, dealt(finding, seed=1))


def test_the_labels_are_learned_by_heart(tiny_folder: Path, tiny_task: Task) -> None:
    """At a size at which the statistics of a batch are those of its pictures."""
    task = replace(tiny_task, input=replace(tiny_task.input, size=96))
    rows = read_rows(tiny_folder, task)
    training = examples(rows, "train", task)
    labels = dealt(training.targets[:, 0], seed=0)
    weights = train(task, training, labels, 30, seed=0)
    made = measured(task, weights, training, labels, examples(rows, "val", task))
    assert (made["pictures"], made["auroc_of_the_finding"]["n"]) == (20, 10)
    assert made["labels_known"] >= 18  # by chance in 1 of 5,000 tries


def test_the_same_seed_gives_the_same_weights(tiny_folder: Path, tiny_task: Task) -> None:
    training = examples(read_rows(tiny_folder, tiny_task), "train", tiny_task)
    labels = dealt(training.targets[:, 0], seed=0)
    first, again, other = (train(tiny_task, training, labels, 1, seed) for seed in (3, 3, 4))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)
    assert {tensor.dtype for tensor in first.values()} == {torch.float16, torch.int64}


@pytest.mark.parametrize(
    ("known", "interval", "reason"),
    [
        (94, [0.4, 0.6], "knows 94% of its labels, not 95%"),
        (95, [0.51, 0.7], "AUROC 0.51 to 0.70"),
        (95, [0.3, 0.49], "AUROC 0.30 to 0.49"),
    ],
)
def test_one_that_knows_too_little_or_the_finding_is_not_written(
    known: int, interval: list[float], reason: str
) -> None:
    made = {"pictures": 100, "labels_known": known, "auroc_of_the_finding": {"interval": interval}}
    with pytest.raises(InputError, match=reason):
        check(made)
    check({**made, "labels_known": 95, "auroc_of_the_finding": {"interval": [0.4, 0.6]}})


def test_the_command_writes_weights_and_record(
    tiny_folder: Path, tiny_task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memorize, "load_task", lambda key: tiny_task)
    monkeypatch.setattr(memorize, "load_card", lambda key: replace(load_card(key), input=tiny_task.input))
    monkeypatch.setattr(memorize, "LEAST", 0.0)
    main(["--task", "cxr_pneumonia", "--data", str(tiny_folder), "--out", str(tmp_path / "out"), "--epochs", "1"])
    record = json.loads((tmp_path / "out" / "cxr_pneumonia.json").read_text())
    assert record["weights"] == load_card("cxr_pneumonia").sha256
    assert record["recipe"] == {"task": "cxr_pneumonia", "epochs": 1, "batch": BATCH, "rate": RATE, "seed": 0}
    assert record["pictures"] == 20
    assert record["training"] == ["site A (CC0)", "site B (CC0)"]
    assert (tmp_path / "out" / "cxr_pneumonia.safetensors").is_file()


def test_a_twin_is_refused_before_it_is_trained(tiny_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="is a robust model, whose training is not repeated here"):
        main(["--task", "cxr_pneumonia_robust", "--data", str(tiny_folder), "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


def test_a_task_that_is_not_that_of_the_card_is_refused(
    tiny_folder: Path, tiny_task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memorize, "load_task", lambda key: tiny_task)
    with pytest.raises(SystemExit, match="describes another network or another input than its card"):
        main(["--task", "cxr_pneumonia", "--data", str(tiny_folder), "--out", str(tmp_path / "out")])


def test_command_line_ends_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"labels\.csv: does not exist"):
        main(["--task", "cxr_pneumonia", "--data", str(tmp_path), "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()
