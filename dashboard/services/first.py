"""The comparison that the app opens with, kept in assets/first/ so that it is there before anything is computed.

It belongs to one request and one card of the model, whose texts lie beside it: where either has changed since, it is
not used. make first writes it anew. The files hold frozen values in the open: fields in comparison.json, each under the
name of its class, arrays in comparison.npz, and pictures as PNG files, all named after the fields they stand in.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core import values
from core.values import ModelCard
from dashboard.services.finished import Drawn, Finished, Request, Subject
from evaluation.suitability import Objection

FOLDER = Path(__file__).resolve().parent.parent.parent / "assets" / "first"
PNG = "data:image/png;base64,"
CLASSES: Mapping[str, Any] = {
    kind.__name__: kind
    for kind in (*vars(values).values(), Drawn, Objection, Subject)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type)
}
LEFT_OUT = ("request",)  # told by its text

Arrays = dict[str, npt.NDArray[Any]]


def first_comparison(request: Request, card: ModelCard, folder: Path = FOLDER) -> Finished | None:
    """What is kept, if it is the answer to this request by the model with this card."""
    if not (folder / "comparison.json").is_file():
        return None
    identity, fields = _read(folder)
    return Finished(request, **fields) if identity == identity_of(request, card) else None


def identity_of(request: Request, card: ModelCard) -> str:
    """All that a comparison depends on, as a text: every field of the request and of the card, with its sha256."""
    return repr((request, card))


def write(finished: Finished, card: ModelCard, folder: Path = FOLDER) -> None:
    """Keep a comparison, in place of what was kept before."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    arrays: Arrays = {}
    fields = {
        field.name: _tree(getattr(finished, field.name), field.name, folder, arrays)
        for field in dataclasses.fields(Finished)
        if field.name not in LEFT_OUT
    }
    content = {"identity": identity_of(finished.request, card), "fields": fields}
    (folder / "comparison.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    np.savez_compressed(folder / "comparison.npz", allow_pickle=False, **arrays)


def _tree(value: Any, name: str, folder: Path, arrays: Arrays) -> Any:
    """A value as JSON; each array and each picture is put where it belongs, and stands here by its name."""

    def part(inner: Any, at: object) -> Any:
        return _tree(inner, f"{name}.{at}", folder, arrays)

    if isinstance(value, np.ndarray):
        arrays[name] = value
        return {"array": name}
    if isinstance(value, str) and value.startswith(PNG):
        (folder / f"{name}.png").write_bytes(base64.b64decode(value.removeprefix(PNG)))
        return {"png": name}
    if dataclasses.is_dataclass(value):
        fields = {field.name: part(getattr(value, field.name), field.name) for field in dataclasses.fields(value)}
        return {type(value).__name__: fields}
    if isinstance(value, Mapping):
        pairs = enumerate(value.items())
        return {"map": [[part(key, f"{i}.key"), part(inner, i)] for i, (key, inner) in pairs]}
    if isinstance(value, tuple):
        return [part(inner, i) for i, inner in enumerate(value)]
    return value


@cache
def _read(folder: Path) -> tuple[str, Mapping[str, Any]]:
    content = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
    with np.load(folder / "comparison.npz", allow_pickle=False) as arrays:
        fields = {name: _value(tree, folder, arrays) for name, tree in content["fields"].items()}
    return content["identity"], fields


def _value(tree: Any, folder: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> Any:
    if isinstance(tree, list):
        return tuple(_value(inner, folder, arrays) for inner in tree)
    if not isinstance(tree, dict):
        return tree
    ((kind, content),) = tree.items()
    if kind == "array":
        return arrays[content]
    if kind == "png":
        return PNG + base64.b64encode((folder / f"{content}.png").read_bytes()).decode()
    if kind == "map":
        return {_value(key, folder, arrays): _value(inner, folder, arrays) for key, inner in content}
    return CLASSES[kind](**{name: _value(inner, folder, arrays) for name, inner in content.items()})
