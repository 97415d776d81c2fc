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
from model_zoo.data import read_rows, some
from model_zoo.denoise import BATCH, EPSILON, NOISE, changed, main, measured, summarized, total, train
from model_zoo.denoisers import CHANGES, cleaned_by, denoiser_of
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
    assert {name: each["value"] for name, each in found["none"]["changed"].items()} == {"pixels_255": 0, "logits": 0}
    assert found["none"]["cleaned"]["pixels_255"]["value"] < 1
    for change in ("gaussian", "uniform"):
        before, after = (found[change][side]["pixels_255"]["value"] for side in ("changed", "cleaned"))
        assert after < 0.7 * before


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


def test_distances_are_in_gray_levels_and_logits_of_each_picture() -> None:
    clean = torch.full((2, 1, 32, 32), 0.5)
    shifted = clean + torch.tensor([2, 4])[:, None, None, None] / 255
    found = measured(MODEL, {"shifted": shifted, "none": clean}, clean)
    torch.testing.assert_close(found["shifted"]["pixels_255"], torch.tensor([2.0, 4.0]))
    torch.testing.assert_close(found["shifted"]["logits"], (MODEL(shifted) - MODEL(clean)).abs()[:, 0])
    assert all(not each.any() for each in found["none"].values())
    assert total(found) == pytest.approx(3 + float(found["shifted"]["logits"].mean()))


def test_intervals_draw_whole_groups() -> None:
    distances = {"logits": torch.tensor([1.0, 1.0, 4.0])}
    assert summarized(distances, ["a", "a", "b"]) == {"logits": {"value": 2, "interval": [1, 4]}}
    assert summarized(distances, ["a", "a", "a"]) == {"logits": {"value": 2, "interval": [2, 2]}}


def test_the_command_writes_weights_and_record(
    tiny_folder: Path, tiny_task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(denoise, "load_task", lambda key: tiny_task)
    monkeypatch.setattr(denoise, "load_classifier", lambda key: MODEL)
    main(["--task", "cxr_pneumonia", "--data", str(tiny_folder), "--out", str(tmp_path / "out"), "--steps", "2"])
    load, found = denoiser_of(MODEL.card, tmp_path / "out"), cleaned_by(MODEL.card, tmp_path / "out")
    assert load is not None
    assert load()(torch.rand(1, 1, 32, 32)).shape == (1, 1, 32, 32)
    assert [(each.change, each.before.pixels.n) for each in found] == [(change, 10) for change in CHANGES]
    record = json.loads((tmp_path / "out" / "toy.json").read_text())
    assert record["recipe"] == {
        "task": "cxr_pneumonia",
        "steps": 2,
        "batch": BATCH,
        "noise": NOISE,
        "epsilon": EPSILON,
        "seed": 0,
    }


def test_command_line_ends_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"labels\.csv: does not exist"):
        main(["--task", "cxr_pneumonia", "--data", str(tmp_path), "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()
