"""labels.csv is refused with a reason where it is incomplete or leaks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from model_zoo.data import examples, read_rows, with_phantoms
from model_zoo.tasks import Task


def edit(folder: Path, old: str, new: str) -> None:
    """Replace the first occurrence in labels.csv."""
    path = folder / "labels.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("licence", "terms", "lacks the column licence"),
        ("0.png,pneumonia,patient 0", "0.png,pneumonia,", "line 2.* has no value for group"),
        ("0.png,pneumonia", "0.png,measles", "line 2.*'measles'"),
        ("patient 0,train", "patient 0,dev", "line 2.*'dev'"),
        ("0.png", "nowhere.png", "nowhere.png, which is not in the folder"),
        ("patient 0,train", "patient 0,test", "'patient 0' in the splits test and train, which leaks"),
    ],
)
def test_refusals(tiny_folder: Path, tiny_task: Task, old: str, new: str, reason: str) -> None:
    edit(tiny_folder, old, new)
    with pytest.raises(InputError, match=reason):
        read_rows(tiny_folder, tiny_task)


def test_no_labels(tmp_path: Path, tiny_task: Task) -> None:
    with pytest.raises(InputError, match=r"labels\.csv: does not exist"):
        read_rows(tmp_path, tiny_task)


def test_a_split_without_the_finding(tiny_folder: Path, tiny_task: Task) -> None:
    path = tiny_folder / "labels.csv"
    kept = [
        line for line in path.read_text(encoding="utf-8").splitlines() if "pneumonia" not in line or "test" not in line
    ]
    path.write_text("\n".join(kept), encoding="utf-8")
    with pytest.raises(InputError, match="no picture with pneumonia in split test"):
        read_rows(tiny_folder, tiny_task)


def test_damaged_picture(tiny_folder: Path, tiny_task: Task) -> None:
    (tiny_folder / "0.png").write_bytes(b"not a picture")
    with pytest.raises(InputError, match=r"0\.png"):
        examples(read_rows(tiny_folder, tiny_task), "train", tiny_task)


def test_weights_carry_no_label_information_in_the_source(tiny_folder: Path, tiny_task: Task) -> None:
    edit(tiny_folder, "site A", "site B")
    training = examples(read_rows(tiny_folder, tiny_task), "train", tiny_task)
    positive = training.targets[:, 0] == 1
    sources = np.asarray(training.sources)
    for source in ("site A", "site B"):
        here = sources == source
        assert training.weights[here & positive].sum() == pytest.approx(training.weights[here & ~positive].sum())


def test_phantoms_are_their_share_of_an_epoch(tiny_folder: Path, tiny_task: Task) -> None:
    training = with_phantoms(examples(read_rows(tiny_folder, tiny_task), "train", tiny_task), tiny_task)
    drawn = np.asarray(training.sources) == "phantom"
    assert drawn.sum() == 2
    assert training.images[drawn].std() > 10
    assert training.weights[drawn].sum() / training.weights.sum() == pytest.approx(tiny_task.recipe.phantoms)
