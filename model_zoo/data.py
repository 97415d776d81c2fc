"""A folder with labels.csv -> arrays. Every picture goes through imaging.geometry, as it does in the app."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from core.errors import InputError
from core.values import Floats, InputSpec
from imaging.geometry import geometry_of, to_model
from imaging.phantoms import phantom
from model_zoo.tasks import Task

Bytes: TypeAlias = npt.NDArray[np.uint8]

COLUMNS = ("file", "label", "group", "split", "source", "licence")
SPLITS = ("train", "val", "test")
SKIP = "skip"
PHANTOM = "phantom"
FIRST_PHANTOM = 100_000  # seeds of training phantoms start here; bundled and tested ones lie below


@dataclass(frozen=True)
class Row:
    """One line of labels.csv."""

    file: Path
    label: str
    group: str
    split: str
    source: str
    license: str


@dataclass(frozen=True, eq=False)
class Examples:
    """images (N, C, h, w) uint8; targets (N, 1 + A) of 0, 1 or nan where unknown, the finding first; weights (N,)
    for drawing; groups and sources, each of length N."""

    images: Bytes
    targets: Floats
    weights: Floats
    groups: tuple[str, ...]
    sources: tuple[str, ...]


def read_rows(folder: Path, task: Task, *, held_out: bool = False) -> list[Row]:
    """The lines of folder/labels.csv, checked; raises InputError naming the line, the rule and the value.

    Every split has to show the finding and its absence. Of a folder held_out for testing only the split test is asked
    for, with any labels, and without a column split all lines are of it; labels of the task's table external are
    translated, and lines that it says to skip are left out.
    """
    path = folder / "labels.csv"
    if not path.is_file():
        raise InputError(str(path), "does not exist", f"Write one with the columns {', '.join(COLUMNS)}.")
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        given = {"split": "test"} if held_out else {}
        missing = [column for column in COLUMNS if column not in (*(reader.fieldnames or ()), *given)]
        if missing:
            raise InputError(str(path), f"lacks the column {', '.join(missing)}", f"It needs {', '.join(COLUMNS)}.")
        lines = [(f"{path} line {number}", {**given, **line}) for number, line in enumerate(reader, start=2)]
    if held_out:
        lines = [(where, {**line, "label": task.external.get(line["label"], line["label"])}) for where, line in lines]
        lines = [(where, line) for where, line in lines if line["label"] != SKIP]
    rows = [_row(where, line, folder, task) for where, line in lines]
    _check_groups(path, rows)
    if held_out:
        _check_test(path, rows)
    else:
        _check_splits(path, rows, task)
    return rows


def _row(where: str, line: dict[str, str], folder: Path, task: Task) -> Row:
    empty = [column for column in COLUMNS if not line[column]]
    if empty:
        raise InputError(where, f"has no value for {', '.join(empty)}", "Fill it in or remove the line.")
    labels = (*task.positive, *task.negative)
    if line["label"] not in labels:
        raise InputError(where, f"has the label {line['label']!r}", f"Task {task.key} knows: {', '.join(labels)}.")
    if line["split"] not in SPLITS:
        raise InputError(where, f"has the split {line['split']!r}", f"A split is one of: {', '.join(SPLITS)}.")
    file = folder / line["file"]
    if not file.is_file():
        raise InputError(where, f"names {line['file']}, which is not in the folder", "Add it or remove the line.")
    return Row(file, *(line[column] for column in COLUMNS[1:]))


def _check_groups(path: Path, rows: list[Row]) -> None:
    split_of: dict[str, str] = {}
    for row in rows:
        if split_of.setdefault(row.group, row.split) != row.split:
            raise InputError(
                str(path),
                f"has group {row.group!r} in the splits {split_of[row.group]} and {row.split}, which leaks",
                "Keep all pictures of one patient or lesion in one split.",
            )


def _check_test(path: Path, rows: list[Row]) -> None:
    if all(row.split != "test" for row in rows):
        raise InputError(str(path), "has no picture in split test", "Add some, or leave out the column split.")


def _check_splits(path: Path, rows: list[Row], task: Task) -> None:
    present = {(row.split, row.label in task.positive) for row in rows}
    for split in SPLITS:
        for positive, name in ((True, "with"), (False, "without")):
            if (split, positive) not in present:
                raise InputError(str(path), f"has no picture {name} {task.finding} in split {split}", "Add some.")


def examples(rows: list[Row], split: str, task: Task) -> Examples:
    """The pictures of one split in the model frame, with weights that carry no label information in the source:
    within each source, both answers to the finding are drawn equally often."""
    chosen = [row for row in rows if row.split == split]
    targets = np.array([[row.label in labels for labels in task.targets] for row in chosen], dtype=np.float32)
    pairs = [(row.source, bool(target[0])) for row, target in zip(chosen, targets, strict=True)]
    size, joint = Counter(row.source for row in chosen), Counter(pairs)
    return Examples(
        images=fitted((read_picture(row.file) for row in chosen), len(chosen), task.input),
        targets=targets,
        weights=np.array([size[source] / joint[source, positive] for source, positive in pairs], dtype=np.float32),
        groups=tuple(row.group for row in chosen),
        sources=tuple(row.source for row in chosen),
    )


def some(rows: list[Row], split: str, count: int, seed: int) -> list[Row]:
    """count rows of a split, drawn by chance, or all where there are no more."""
    there = [row for row in rows if row.split == split]
    return [there[i] for i in np.random.default_rng(seed).permutation(len(there))[:count]]


def with_phantoms(real: Examples, task: Task) -> Examples:
    """The same examples and as many phantoms, half with the finding, as make up their share of an epoch."""
    share = task.recipe.phantoms
    count = round(share * len(real.weights))
    if count == 0:
        return real
    drawn = (phantom(task.input.modality, i % 2 == 1, FIRST_PHANTOM + i).pixels for i in range(count))
    targets = np.full((count, real.targets.shape[1]), np.nan, dtype=np.float32)
    targets[:, 0] = np.arange(count) % 2
    weight = real.weights.sum() * share / (1 - share) / count
    return Examples(
        images=np.concatenate([real.images, fitted(drawn, count, task.input)]),
        targets=np.concatenate([real.targets, targets]),
        weights=np.concatenate([real.weights, np.full(count, weight, dtype=np.float32)]),
        groups=(*real.groups, *(f"phantom {i}" for i in range(count))),
        sources=(*real.sources, *[PHANTOM] * count),
    )


def read_picture(file: Path) -> Floats:
    """A picture file -> (H, W, 3) in [0, 1]; raises InputError naming the file."""
    try:
        with Image.open(file) as image:
            pixels = np.asarray(ImageOps.exif_transpose(image).convert("RGB"), dtype=np.float32)
    except OSError as error:
        raise InputError(str(file), f"can't be read as a picture ({error})", "Replace it or remove its line.") from None
    return pixels / np.float32(255)


def fitted(pictures: Iterable[Floats] | Iterator[Floats], count: int, spec: InputSpec) -> Bytes:
    """count pictures (H, W, C) in [0, 1] -> (count, C, h, w) uint8."""
    images = np.empty((count, spec.channels, spec.size, spec.size), dtype=np.uint8)
    for slot, pixels in zip(images, pictures, strict=True):
        slot[:] = np.rint(to_model(pixels, geometry_of(pixels, spec), spec.channels) * 255)
    return images
