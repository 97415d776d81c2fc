"""What was measured of defenses and detectors, kept as one file per model: assets/defenses/KEY.json.

Written by `python -m evaluation defend --out` and `python -m evaluation detect --out`, picture by picture. No picture,
no name, no patient: yes or no, scores, and numbers that say which pictures belong to one group.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from core.classifier import Classifier
from core.errors import ModelError, ParameterError
from core.files import writing_into
from core.values import ModelCard
from evaluation.defended import ROWS, Defended
from evaluation.detect import CLEAN, KNOWING, Detected, Detection
from evaluation.evade import Evasion
from model_zoo.evidence import numbered
from model_zoo.measures import Array

Table: TypeAlias = dict[str, Any]

FOLDER = Path(__file__).resolve().parent.parent / "assets" / "defenses"
DEFENSES, DETECTORS = "defenses", "detectors"


def defenses_of(card: ModelCard, folder: Path | None = None) -> Defended | None:
    """What was measured of the defenses of the model with this card; None where nothing was, or of other weights.

    Raises ModelError where the file is damaged, and so does detectors_of().
    """
    entry = _table_of(card, folder).get(DEFENSES)
    return None if entry is None else _guarded(_defended, entry, card)


def detectors_of(card: ModelCard, folder: Path | None = None) -> Detected | None:
    """The same of its detectors."""
    entry = _table_of(card, folder).get(DETECTORS)
    return None if entry is None else _guarded(_detected, entry, card)


def keep(model: Classifier, found: Defended | Detected, folder: Path = FOLDER) -> None:
    """Write what was found beside what the file holds of the same weights. Raises InputError where it can't, and
    ParameterError at another operating point than the model's first, for which the file stands."""
    card = model.card
    if model.point not in (None, first := next(iter(card.operating_points))):
        raise ParameterError("Operating point", f"must be {first} for what is kept, not {model.point}", "Leave it out.")
    name, entry = (DEFENSES, _of_defended(found)) if isinstance(found, Defended) else (DETECTORS, _of_detected(found))
    table = {**_table_of(card, folder), "sha256": card.sha256, name: entry}
    with writing_into(folder):
        (folder / f"{card.key}.json").write_text(json.dumps(table, allow_nan=False) + "\n", encoding="utf-8")


def _table_of(card: ModelCard, folder: Path | None) -> Table:
    path = (folder or FOLDER) / f"{card.key}.json"
    if not path.is_file():
        return {}
    try:
        table: Table = json.loads(path.read_text(encoding="utf-8"))
        return table if table["sha256"] == card.sha256 else {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(card, error) from None


def _guarded(read: Any, entry: Table, card: ModelCard) -> Any:
    try:
        return read(entry)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(card, error) from None


def _damaged(card: ModelCard, error: Exception) -> ModelError:
    remedy = "Restore the file from the repository, or measure anew: python -m evaluation defend, and detect."
    return ModelError(f"Defenses of {card.key}", f"can't be read ({error})", remedy)


def _of_defended(found: Defended) -> Table:
    right = {key: {row: _bits(values) for row, values in rows.items()} for key, rows in found.right.items()}
    return {
        "perturbation": found.perturbation,
        "params": dict(found.params),
        "seed": found.seed,
        "groups": numbered(found.groups.tolist()),
        "right": right,
    }


def _defended(entry: Table) -> Defended:
    groups = np.array(entry["groups"])
    right = {key: _columns(rows, ROWS, groups, np.bool_) for key, rows in entry["right"].items()}
    return Defended(entry["perturbation"], entry["params"], entry["seed"], groups, right)


def _of_detected(found: Detected) -> Table:
    return {
        "seed": found.seed,
        "groups": numbered(found.groups.tolist()),
        "attacks": {key: dict(params) for key, params in found.attacks.items()},
        "artifacts": {key: dict(params) for key, params in found.artifacts.items()},
        "knowing": dataclasses.asdict(found.evasion),
        "detections": {
            each.key: {
                "threshold": each.threshold,
                "scores": {name: [float(f"{value:.6g}") for value in values] for name, values in each.scores.items()},
                "wrong": {name: _bits(values) for name, values in each.wrong.items()},
            }
            for each in found.detections
        },
    }


def _detected(entry: Table) -> Detected:
    groups, attacked = np.array(entry["groups"]), (*entry["attacks"], KNOWING)
    shown = (CLEAN, *entry["artifacts"], *attacked)
    detections = (
        Detection(
            key,
            each["threshold"],
            _columns(each["scores"], shown, groups, np.float64),
            _columns(each["wrong"], attacked, groups, np.bool_),
        )
        for key, each in entry["detections"].items()
    )
    evasion = Evasion(**entry["knowing"])
    return Detected(entry["seed"], groups, entry["attacks"], entry["artifacts"], evasion, tuple(detections))


def _bits(values: Any) -> list[int]:
    return [int(value) for value in values]


def _columns(rows: Mapping[str, list[float]], names: Sequence[str], groups: Array, kind: type) -> dict[str, Array]:
    """{name: (N,)} of those names; a column that is missing or of another length than groups (N,) is refused."""
    columns: dict[str, Array] = {name: np.array(rows[name], dtype=kind) for name in names}
    for name, column in columns.items():
        if column.shape != groups.shape:
            raise ValueError(f"{name} is of {len(column)} pictures, not {len(groups)}")
    return columns
