"""The changes that were found to mislead one model on many images, as they are shipped.

assets/universal/KEY.safetensors holds two changes, to hide and to induce, in 127ths of the largest value, as whole
numbers; KEY.json says for which weights they were made, how, and what they do to pictures that they were not made from.
Both are written by `python -m evaluation universal`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from core.values import Floats, ModelCard
from model_zoo.shipped import Shipped

FOLDER = Path(__file__).resolve().parent.parent / "assets" / "universal"
LEVELS = 127
SHIPPED = Shipped("changes", "python -m evaluation universal")


def universal_of(card: ModelCard, folder: Path | None = None) -> Callable[[], Floats] | None:
    """For Classifier.universal: a function that reads the changes (2, C, h, w) and raises ModelError where they are
    damaged; None where there are none for these weights."""
    return SHIPPED.loader(card, folder or FOLDER, partial(_read, card))


def write_universal(card: ModelCard, changes: Floats, made: Mapping[str, Any], folder: Path) -> None:
    """Write changes (2, C, h, w), of largest value 1, with what is known of them. Raises InputError where it can't."""
    SHIPPED.write(card, folder, save({"changes": np.rint(changes * LEVELS).astype(np.int8)}), made)


def _read(card: ModelCard, data: bytes) -> Floats:
    changes: Floats = load(data)["changes"].astype(np.float32) / np.float32(LEVELS)
    wanted = (2, card.input.channels, card.input.size, card.input.size)
    if changes.shape != wanted:
        raise ValueError(f"it holds changes of {changes.shape}, {card.key} takes {wanted}")
    return changes
