"""Some pictures of one split of a labeled folder, as the model sees them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.values import Floats, Mask, ModelCard
from evaluation.stress import drawn
from model_zoo.data import examples, read_rows
from model_zoo.measures import Array
from model_zoo.tasks import load_task


@dataclass(frozen=True, eq=False)
class Split:
    """images (N, C, h, w) in [0, 1], truth (N,) whether the first label is present, groups (N,) patients."""

    images: Floats
    truth: Mask
    groups: Array


def sampled(folder: Path, card: ModelCard, limit: int, split: str = "test", *, held_out: bool = False) -> Split:
    """At most limit pictures of a split, drawn at random, half of them with the finding.

    The folder is as for training, or held_out for testing only. Raises InputError, see read_rows.
    """
    task = dataclasses.replace(load_task(card.key), input=card.input)
    rows = [row for row in read_rows(folder, task, held_out=held_out) if row.split == split]
    chosen = drawn(np.array([row.label in task.positive for row in rows]), limit)
    found = examples([rows[i] for i in chosen], split, task)
    images = found.images.astype(np.float32) / np.float32(255)
    return Split(images, found.targets[:, 0] == 1, np.array(found.groups))
