"""The networks that learned labels drawn at random, as they are shipped.

assets/random_labels/KEY.safetensors holds the weights of one, in float16; KEY.json says for which weights of the model
it was made, how it was trained, how many of its labels it knows, and how it tells the true ones. Both are written by
`python -m model_zoo.memorize`. Only models that learned from the true labels alone have one: a robust twin learned from
an adversary too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load, save
from torch import Tensor

from core.values import ModelCard, Score
from model_zoo.formats import Loaded, timm
from model_zoo.shipped import Record, Shipped

FOLDER = Path(__file__).resolve().parent.parent / "assets" / "random_labels"
SHIPPED = Shipped("a network that learned random labels", "python -m model_zoo.memorize")


@dataclass(frozen=True)
class Learned:
    """What such a network learned: the labels of so many of its pictures, and how it tells the finding, as AUROC, in
    pictures that it did not see."""

    labels: int
    pictures: int
    finding: Score


def random_labels_of(card: ModelCard, folder: Path | None = None) -> Callable[[], Loaded] | None:
    """A function that loads the network, and raises ModelError where it is damaged; None where there is none for these
    weights."""
    return SHIPPED.loader(card, folder or FOLDER, lambda data: timm.from_tensors(card, load(data)))


def learned_by(card: ModelCard, folder: Path | None = None) -> Learned | None:
    """What was measured of the network; None where there is none for these weights. Raises ModelError where the record
    is damaged."""
    return SHIPPED.record(card, folder or FOLDER, _learned)


def write_random_labels(card: ModelCard, weights: Mapping[str, Tensor], made: Mapping[str, Any], folder: Path) -> None:
    """Write the weights of a network like that of the model with this card, with what is known of it. Raises InputError
    where it can't."""
    SHIPPED.write(card, folder, save(dict(weights)), made)


def _learned(record: Record) -> Learned:
    kept = record["auroc_of_the_finding"]
    low, high = map(float, kept["interval"])
    finding = Score(float(kept["value"]), "", "higher", (low, high), int(kept["n"]))
    return Learned(int(record["labels_known"]), int(record["pictures"]), finding)
