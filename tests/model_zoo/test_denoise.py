"""From a folder to a trained denoiser, on a few tiny pictures and before a tiny classifier."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Generator

from model_zoo import denoise
from model_zoo.data import read_rows
from model_zoo.denoise import BATCH, CHANGES, EPSILON, NOISE, changed, main, measured, some, train
from model_zoo.denoisers import denoiser_of
from model_zoo.tasks import Task
from tests.toys import linear_classifier, small_cnn_classifier

MODEL = small_cnn_classifier()


@pytest.fixture
def task(tiny_task: Task) -> Task:
    """Without phantoms, which take longest to draw."""
    return replace(tiny_task, recipe=replace(tiny_task.recipe, phantoms=0.0))


def test_training_takes_back_noise_and_leaves_clean_pictures(tiny_folder: Path, task: Task) -> None:
    """Where there is no noise in the pictures themselves."""
    shades = np.linspace(0, 80, 48, dtype=np.uint8)
    for number, file in enumerate(tiny_folder.glob("*.png")):
        Image.fromarray(np.tile(shades + 2 * np.uint8(number), (40, 1))).save(file)
    _, made = train(task, MODEL, tiny_folder, steps=30, seed=0)
    assert made["n"] == 10
    found = made["validation"]
    assert list(found) == list(CHANGES)
    assert found["none"]["changed"] == {"pixels_255": 0, "logits": 0}
    assert found["none"]["cleaned"]["pixels_255"] < 1
    for change in ("gaussian", "uniform"):
        assert found[change]["cleaned"]["pixels_255"] < 0.7 * found[change]["changed"]["pixels_255"]


def test_the_same_seed_gives_the_same_weights(tiny_folder: Path, task: Task) -> None:
    (first, made), (again, remade), (_, other) = (
        train(task, MODEL, tiny_folder, steps=2, seed=seed) for seed in (3, 3, 4)
    )
    assert made == remade != other
    states = first.state_dict(), again.state_dict()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_a_state_that_does_harm_is_not_kept(tiny_folder: Path, task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(denoise, "RATE", 10.0)
    denoiser, made = train(task, MODEL, tiny_folder, steps=3, seed=0)
    x = torch.rand(1, 1, 32, 32, generator=Generator().manual_seed(0))
    assert torch.equal(denoiser(x), x)
    assert all(each["cleaned"] == each["changed"] for each in made["validation"].values())


def test_of_a_split_some_are_drawn_and_none_of_another(tiny_folder: Path, tiny_task: Task) -> None:
    rows = read_rows(tiny_folder, tiny_task)
    few, all_of_them = some(rows, "val", 4, seed=0), some(rows, "val", 100, seed=0)
    assert len(few) == 4
    assert set(few) < set(all_of_them) == {row for row in rows if row.split == "val"}


@pytest.mark.parametrize("change", CHANGES)
def test_changes_stay_within_their_size(change: str) -> None:
    """Gaussian noise has no largest value."""
    model, x = linear_classifier(), torch.full((64, 1, 16, 16), 0.5)
    finding = torch.arange(64) % 2.0
    version = changed(model, x, finding, change, Generator().manual_seed(0))
    reach = 255 * (version - x).flatten(1).abs().amax(dim=1)
    limit = {"none": 0.0, "gaussian": 6 * NOISE, "uniform": NOISE, "gradient": EPSILON}[change]
    assert reach.max() <= limit + 1e-3
    assert (reach.min() > 0) == (change != "none")
    if change == "gradient":
        moves = (model(version) - model(x))[:, 0]
        assert (moves[finding == 1] < 0).all()
        assert (moves[finding == 0] > 0).all()


def test_distances_are_in_gray_levels_and_logits() -> None:
    clean = torch.full((2, 1, 32, 32), 0.5)
    shifted = clean + 2 / 255
    found = measured(MODEL, {"shifted": shifted, "none": clean}, clean)
    logits = float((MODEL(shifted) - MODEL(clean)).abs().mean())
    assert found["shifted"] == pytest.approx({"pixels_255": 2, "logits": logits}, abs=1e-4)
    assert found["none"] == {"pixels_255": 0, "logits": 0}


def test_the_command_writes_weights_and_record(
    tiny_folder: Path, tiny_task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(denoise, "load_task", lambda key: tiny_task)
    monkeypatch.setattr(denoise, "load_classifier", lambda key: MODEL)
    main(["--task", "cxr_pneumonia", "--data", str(tiny_folder), "--out", str(tmp_path / "out"), "--steps", "1"])
    assert denoiser_of(MODEL.card, tmp_path / "out") is not None
    record = json.loads((tmp_path / "out" / "toy.json").read_text())
    assert record["recipe"] == {
        "task": "cxr_pneumonia",
        "steps": 1,
        "batch": BATCH,
        "noise": NOISE,
        "epsilon": EPSILON,
        "seed": 0,
    }


def test_command_line_ends_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"labels\.csv: does not exist"):
        main(["--task", "cxr_pneumonia", "--data", str(tmp_path), "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()
