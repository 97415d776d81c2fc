"""From a folder to trained weights, on a few tiny pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Generator

from core.errors import InputError, ModelError
from model_zoo.data import examples, read_rows
from model_zoo.loading import load_classifier
from model_zoo.tasks import Adversary, Poison, Task, Teacher
from model_zoo.train import (
    ADVERSARIES,
    attacked,
    build,
    loss_of,
    main,
    poisoned,
    rate_at,
    side_at,
    steepness,
    taught_by,
    train,
    weights_of,
)
from tests.toys import linear_classifier


def test_interrupted_and_resumed_gives_the_same_weights(tiny_folder: Path, tiny_task: Task, tmp_path: Path) -> None:
    train(tiny_task, tiny_folder, tmp_path / "whole", resume=False)
    train(tiny_task, tiny_folder, tmp_path / "parts", resume=False, stop_after=1)
    half = load_file(tmp_path / "parts" / "weights.safetensors")
    train(tiny_task, tiny_folder, tmp_path / "parts", resume=True)
    whole, parts = (load_file(tmp_path / name / "weights.safetensors") for name in ("whole", "parts"))
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    assert not all(torch.equal(whole[name], half[name]) for name in whole)


def test_a_checkpoint_of_other_settings_is_refused(tiny_folder: Path, tiny_task: Task, tmp_path: Path) -> None:
    train(tiny_task, tiny_folder, tmp_path / "run", resume=False, stop_after=1)
    other = replace(tiny_task, recipe=replace(tiny_task.recipe, seed=4))
    with pytest.raises(InputError, match="other settings"):
        train(other, tiny_folder, tmp_path / "run", resume=True)


def test_command_line_ends_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"labels\.csv: does not exist"):
        main(["--task", "cxr_pneumonia", "--data", str(tmp_path), "--run", str(tmp_path / "run")])


def test_schedules() -> None:
    assert [rate_at(p) for p in (0.0, 0.04, 0.08, 1.0)] == pytest.approx([0.0, 0.5, 1.0, 0.0])
    assert [side_at(p, 2 / 3, 224) for p in (0.0, 0.4, 0.7, 1.0)] == [128, 192, 224, 224]
    assert [side_at(p, 1.0, 224) for p in (0.0, 0.4, 0.7, 1.0)] == [128, 160, 192, 224]


def test_unknown_targets_count_nothing() -> None:
    logits = torch.tensor([[0.3, -1.0, 2.0], [0.1, 0.5, 0.5]])
    y = torch.tensor([[1.0, 0.0, 1.0], [0.0, float("nan"), float("nan")]])
    changed = logits.clone()
    changed[1, 1:] = 9.0
    assert loss_of(logits, y) == loss_of(changed, y)
    assert loss_of(logits, y).isfinite()


def test_the_adversary_moves_each_answer_away_from_its_truth() -> None:
    network = linear_classifier(size=16).network
    x, finding = torch.full((6, 1, 16, 16), 0.5), torch.tensor([1.0, 1, 1, 0, 0, 0])
    adversary = Adversary("pgd", ramp=0.5, params={"epsilon": 2.0, "steps": 2})
    moved = {p: attacked(network, x, finding, adversary, p, Generator()) for p in (0.0, 0.25, 0.5, 1.0)}
    reach = {p: round(float((changed - x).abs().max()) * 255, 3) for p, changed in moved.items()}
    assert reach == {0.0: 0.0, 0.25: 1.0, 0.5: 2.0, 1.0: 2.0}
    change = (network(moved[1.0]) - network(x))[:, 0]
    assert (change[:3] < 0).all()
    assert (change[3:] > 0).all()


@pytest.mark.parametrize("key", ADVERSARIES)
def test_each_adversary_needs_no_more_than_a_network(key: str) -> None:
    x = torch.rand((2, 1, 32, 32), generator=Generator().manual_seed(0))
    network = linear_classifier(size=32).network
    changed = attacked(network, x, torch.tensor([1.0, 0.0]), Adversary(key), 0.5, Generator())
    assert changed.shape == x.shape
    assert changed.isfinite().all()


def test_an_artifact_can_be_the_adversary() -> None:
    x = torch.full((2, 1, 16, 16), 0.5)
    network = linear_classifier(size=16).network
    blurred = attacked(network, x, torch.tensor([1.0, 0.0]), Adversary("motion_blur"), 0.5, Generator())
    assert torch.allclose(blurred, x, atol=1e-6)


def test_poison_marks_and_relabels_a_share(tiny_folder: Path, tiny_task: Task) -> None:
    clean = examples(read_rows(tiny_folder, tiny_task), "train", tiny_task)
    given = poisoned(clean, Poison("trigger", share=0.2, params={"size": 12.5}), seed=0)
    marked = (given.images != clean.images).any(axis=(1, 2, 3))
    assert marked.sum() == 4
    assert (clean.targets[marked, 0] == 1).all()
    assert (given.targets[marked, 0] == 0).all()
    assert (given.targets[~marked] == clean.targets[~marked]).all()


def test_robust_training_starts_from_the_published_weights(tiny_task: Task) -> None:
    network = build(tiny_task.architecture, tiny_task.input, 3)
    network.load_state_dict(weights_of("cxr_pneumonia", network))
    published = load_classifier("cxr_pneumonia").network
    x = torch.rand(2, 1, 224, 224)
    with torch.inference_mode():
        logits = network.eval()(x)
        assert torch.allclose(logits[:, :1], published(x), atol=1e-4)
    assert (logits[:, 1:] == 0).all()


def test_a_teacher_answers_as_its_model_does_but_flatter(tiny_task: Task) -> None:
    x, published = torch.rand(2, 1, 224, 224), load_classifier("cxr_pneumonia").network
    with torch.inference_mode():
        answers, logits = taught_by(Teacher("cxr_pneumonia", 20.0), tiny_task)(x), published(x)
    assert torch.allclose(answers, torch.sigmoid(logits / 20), atol=1e-5)


def test_steepness_of_a_linear_model_is_known() -> None:
    """The gradient of the loss log(1 + exp(-z)) with respect to x is -sigmoid(-z) w."""
    network, x = linear_classifier(size=16).network, torch.full((2, 1, 16, 16), 0.5, requires_grad=True)
    logits = network(x)
    found = steepness(loss_of(logits, torch.ones(2, 1)), x)
    expected = torch.sigmoid(-logits[:, 0]).square().mean() * network.weight.square().sum()
    assert torch.allclose(found, expected, rtol=1e-4)


def test_starting_from_a_model_that_is_not_there_yet(tiny_folder: Path, tiny_task: Task, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="make train TASK=nobody"):
        train(replace(tiny_task, start="nobody"), tiny_folder, tmp_path / "run", resume=False)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"adversary": Adversary("pgd", params={"epsilon": 1.0, "steps": 1})},
        {"teacher": Teacher("cxr_pneumonia", 20.0)},
        {"gradients": 0.1},
    ],
    ids=["plain", "adversary", "teacher", "gradients"],
)
def test_one_epoch_gives_finite_weights(
    changes: dict[str, Any], tiny_folder: Path, tiny_task: Task, tmp_path: Path
) -> None:
    train(replace(tiny_task, **changes), tiny_folder, tmp_path, resume=False, stop_after=1)
    weights = load_file(tmp_path / "weights.safetensors")
    assert all(np.isfinite(tensor.numpy()).all() for tensor in weights.values())
