"""From a folder to a published classifier, on a few tiny pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from core.errors import InputError, ModelError
from model_zoo.cards import read_card
from model_zoo.evaluate import publish
from model_zoo.loading import load_network
from model_zoo.tasks import Task
from model_zoo.train import loss_of, main, rate_at, side_at, train


def test_interrupted_and_resumed_gives_the_same_weights(tiny_folder: Path, tiny_task: Task, tmp_path: Path) -> None:
    train(tiny_task, tiny_folder, tmp_path / "whole", seed=3, resume=False)
    train(tiny_task, tiny_folder, tmp_path / "parts", seed=3, resume=False, stop_after=1)
    half = load_file(tmp_path / "parts" / "weights.safetensors")
    train(tiny_task, tiny_folder, tmp_path / "parts", seed=3, resume=True)
    whole, parts = (load_file(tmp_path / name / "weights.safetensors") for name in ("whole", "parts"))
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    assert not all(torch.equal(whole[name], half[name]) for name in whole)


def test_a_checkpoint_of_other_settings_is_refused(tiny_folder: Path, tiny_task: Task, tmp_path: Path) -> None:
    train(tiny_task, tiny_folder, tmp_path / "run", seed=3, resume=False, stop_after=1)
    with pytest.raises(InputError, match="other settings"):
        train(tiny_task, tiny_folder, tmp_path / "run", seed=4, resume=True)


def test_published_card_and_weights_belong_together(tiny_folder: Path, tiny_task: Task, tmp_path: Path) -> None:
    train(tiny_task, tiny_folder, tmp_path / "run", seed=3, resume=False, stop_after=1)
    card = publish(tiny_task, tiny_folder, tmp_path / "run" / "weights.safetensors", tmp_path, tmp_path)
    assert read_card(tmp_path / "cxr_pneumonia.toml") == card
    assert [source.images for source in card.training] == [12, 8, 2]
    assert card.results["auroc"].n == 10
    network = load_network(card, tmp_path / card.weights)
    with torch.inference_mode():
        assert np.isfinite(network(torch.rand(2, 1, 32, 32)).numpy()).all()


def test_publishing_before_training(tiny_folder: Path, tiny_task: Task, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Train first"):
        publish(tiny_task, tiny_folder, tmp_path / "weights.safetensors", tmp_path, tmp_path)


def test_command_line_ends_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"labels\.csv: does not exist"):
        main(["--task", "cxr_pneumonia", "--data", str(tmp_path), "--run", str(tmp_path / "run")])


def test_schedules() -> None:
    assert [rate_at(p) for p in (0.0, 0.04, 0.08, 1.0)] == pytest.approx([0.0, 0.5, 1.0, 0.0])
    assert [side_at(p, 224) for p in (0.0, 0.4, 0.7, 1.0)] == [128, 192, 224, 224]


def test_unknown_targets_count_nothing() -> None:
    logits = torch.tensor([[0.3, -1.0, 2.0], [0.1, 0.5, 0.5]])
    y = torch.tensor([[1.0, 0.0, 1.0], [0.0, float("nan"), float("nan")]])
    changed = logits.clone()
    changed[1, 1:] = 9.0
    assert loss_of(logits, y) == loss_of(changed, y)
    assert loss_of(logits, y).isfinite()
