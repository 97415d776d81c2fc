"""The changes that were found to mislead one model on many images, as they are shipped.

assets/universal/KEY.safetensors holds two changes, to hide and to induce, in 127ths of the largest value, as whole
numbers; KEY.json says for which weights they were made, how, and what they do to pictures that they were not made from.
Both are written by `python -m evaluation universal`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from core.errors import InputError, ModelError
from core.values import Floats, ModelCard

FOLDER = Path(__file__).resolve().parent.parent / "assets" / "universal"
LEVELS = 127
REMEDY = "Restore the files from the repository, or compute them anew: python -m evaluation universal."


def universal_record(card: ModelCard, folder: Path | None = None) -> Mapping[str, Any] | None:
    """What KEY.json says of the changes; None where there are none, or they were made for others.

    Raises ModelError where the file is damaged.
    """
    path = (folder or FOLDER) / f"{card.key}.json"
    if not path.is_file():
        return None
    try:
        record: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return record if record["weights"] == card.sha256 else None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(str(path), f"can't be read as the record of changes ({error})", REMEDY) from None


def universal_of(card: ModelCard, folder: Path | None = None) -> Callable[[], Floats] | None:
    """For Classifier.universal: a function that reads the changes (2, C, h, w) and raises ModelError where they are
    damaged; None where there are none for these weights."""
    record = universal_record(card, folder)
    return None if record is None else lambda: _read(card, (folder or FOLDER) / f"{card.key}.safetensors", record)


def write_universal(card: ModelCard, changes: Floats, made: Mapping[str, Any], folder: Path) -> None:
    """Write changes (2, C, h, w), of largest value 1, with what is known of them. Raises InputError where it can't."""
    data = save({"changes": np.rint(changes * LEVELS).astype(np.int8)})
    record = {"weights": card.sha256, "sha256": hashlib.sha256(data).hexdigest(), **made}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{card.key}.safetensors").write_bytes(data)
        (folder / f"{card.key}.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"Folder {folder}", f"can't be written to ({error.strerror})", "Choose another one.") from None


def _read(card: ModelCard, path: Path, record: Mapping[str, Any]) -> Floats:
    try:
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        if digest != record["sha256"]:
            raise ValueError(f"sha256 is {digest}, its record says {record['sha256']}")
        changes: Floats = load(data)["changes"].astype(np.float32) / np.float32(LEVELS)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise ModelError(str(path), f"can't be read as changes ({error})", REMEDY) from None
    wanted = (2, card.input.channels, card.input.size, card.input.size)
    if changes.shape != wanted:
        raise ModelError(str(path), f"holds changes of {changes.shape}, {card.key} takes {wanted}", REMEDY)
    return changes
