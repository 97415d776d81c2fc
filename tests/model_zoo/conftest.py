"""A tiny folder to train on: gray squares, bright where the finding is."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model_zoo.tasks import Task, load_task


@pytest.fixture
def tiny_task() -> Task:
    """Pneumonia at 32 pixels, two short epochs, one phantom in ten pictures."""
    task = load_task("cxr_pneumonia")
    return replace(
        task, input=replace(task.input, size=32), recipe=replace(task.recipe, epochs=2, phantoms=0.1, rate=1e-3)
    )


@pytest.fixture
def tiny_folder(tmp_path: Path) -> Path:
    """40 pictures, two of each patient: 20 to train on, 10 to validate, 10 to test."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "data"
    folder.mkdir()
    lines = []
    for i in range(40):
        positive = i % 4 < 2
        pixels = rng.normal(150 if positive else 90, 25, (40, 48)).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
        split = "train" if i < 20 else "val" if i < 30 else "test"
        label = "pneumonia" if positive else "normal"
        lines.append((f"{i}.png", label, f"patient {i // 2}", split, "site A" if i % 8 < 4 else "site B", "CC0", ""))
    write_labels(folder, lines)
    return folder


def write_labels(folder: Path, lines: list[tuple[str, ...]]) -> None:
    """folder/labels.csv with these lines."""
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "label", "group", "split", "source", "licence", "detail"))
        writer.writerows(lines)


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of models from elsewhere, instead of that of whoever runs the tests."""
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setenv("SECOND_LOOK_MODELS", str(folder))
    return folder
