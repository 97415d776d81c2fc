"""What was measured of a model, picture by picture: outputs and truths, from which every curve and rate is computed.

One JSON file per model in assets/evidence/, written by model_zoo.evaluate and evaluation.stress. No picture, no name,
no patient: logits, yes or no, and numbers that say which pictures belong to one group.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from core.errors import ModelError
from core.params import Value

Array: TypeAlias = npt.NDArray[Any]

FOLDER = Path(__file__).resolve().parent.parent / "assets" / "evidence"
VALIDATION, TEST, EXTERNAL = "validation", "test", "external"


@dataclass(frozen=True, eq=False)
class Outputs:
    """logits (N,) of the finding, truth (N,) bool, groups (N,) patients or lesions, sources (N,) short names."""

    logits: Array
    truth: Array
    groups: Array
    sources: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Stress:
    """One perturbation of some pictures of the test split, and what became of their logits.

    method and params as registered; pictures (M,) indices into the test split; clean, perturbed and control (random
    noise of equal size) logits (M,).
    """

    method: str
    params: Mapping[str, Value]
    pictures: Array
    clean: Array
    perturbed: Array
    control: Array


@dataclass(frozen=True, eq=False)
class Evidence:
    """sha256 of the weights that were measured; sets {"validation", "test", "external": Outputs}; shift: what
    calibration added to the logits, which hold it (take it off, and leave out the temperature, to see the model before
    calibration); stress on the test split; distances {name of a set of pictures: feature distance of each},
    "validation" and "test" being the model's own."""

    sha256: str
    sets: Mapping[str, Outputs]
    shift: float
    stress: tuple[Stress, ...] = ()
    distances: Mapping[str, Array] = field(default_factory=dict)


_ARRAYS = ("pictures", "clean", "perturbed", "control")


@cache
def evidence_of(key: str) -> Evidence | None:
    """What was measured of the model with this key; None where nothing was (models from elsewhere)."""
    path = FOLDER / f"{key}.json"
    return read_evidence(path) if path.is_file() else None


def read_evidence(path: Path) -> Evidence:
    """The inverse of write_evidence; raises ModelError where the file is missing or damaged."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        return Evidence(
            sha256=table["sha256"],
            sets={name: _outputs(outputs) for name, outputs in table["sets"].items()},
            shift=table["shift"],
            stress=tuple(
                Stress(stress["method"], stress["params"], *(np.array(stress[name]) for name in _ARRAYS))
                for stress in table["stress"]
            ),
            distances={name: np.array(values) for name, values in table["distances"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        remedy = "Restore the file from the repository, or measure the model anew: python -m model_zoo.evaluate."
        raise ModelError(str(path), f"can't be read as evidence ({error})", remedy) from None


def _outputs(table: dict[str, Any]) -> Outputs:
    names = table["names"]
    return Outputs(
        logits=np.array(table["logits"]),
        truth=np.array(table["truth"], dtype=bool),
        groups=np.array(table["groups"]),
        sources=tuple(names[i] for i in table["sources"]),
    )


def write_evidence(evidence: Evidence, path: Path) -> None:
    """JSON with four decimals and groups numbered from 0."""
    table = {
        "sha256": evidence.sha256,
        "sets": {name: _table(outputs) for name, outputs in evidence.sets.items()},
        "shift": evidence.shift,
        "stress": [
            {name: dict(value) if name == "params" else _plain(value) for name, value in vars(stress).items()}
            for stress in evidence.stress
        ],
        "distances": {name: _plain(values) for name, values in evidence.distances.items()},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(table) + "\n", encoding="utf-8")


def _table(outputs: Outputs) -> dict[str, Any]:
    names = sorted(set(outputs.sources))
    return {
        "logits": _plain(outputs.logits),
        "truth": outputs.truth.astype(int).tolist(),
        "groups": numbered(outputs.groups.tolist()),
        "names": names,
        "sources": [names.index(source) for source in outputs.sources],
    }


def _plain(values: Any) -> Any:
    if not isinstance(values, np.ndarray):
        return values
    return values.tolist() if values.dtype.kind in "iu" else np.round(values.astype(float), 4).tolist()


def numbered(names: Sequence[Any]) -> list[int]:
    """Names -> numbers from 0, in the order of first appearance."""
    seen: dict[Any, int] = {}
    return [seen.setdefault(name, len(seen)) for name in names]
