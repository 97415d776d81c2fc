"""The cases that come with the program, so that the first start shows something."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from core.errors import UnknownName
from core.values import Case, Mask, Modality, content_id

FOLDER = Path(__file__).resolve().parent.parent / "assets" / "cases"


@dataclass(frozen=True)
class BundledCase:
    """One entry of assets/cases/cases.toml.

    key: slug; kind: a photograph, a projection of a CT, or a phantom (drawn by a program); file and the files of
    regions are relative to assets/cases; source says who made it, link where it comes from; spacing_mm and orientation
    as in Case.
    """

    key: str
    title: str
    modality: Modality
    kind: Literal["photograph", "projection", "phantom"]
    file: str
    license: str
    source: str
    link: str
    note: str
    truth: Mapping[str, bool] = field(default_factory=dict)
    spacing_mm: tuple[float, float] | None = None
    orientation: tuple[str, str] | None = None
    regions: Mapping[str, str] = field(default_factory=dict)


@cache
def bundled_cases() -> tuple[BundledCase, ...]:
    """What is bundled, in the order of the index; no picture is read."""
    with (FOLDER / "cases.toml").open("rb") as file:
        index = tomllib.load(file)
    return tuple(BundledCase(key=key, **_frozen(entry)) for key, entry in index.items())


def load_bundled(key: str) -> Case:
    """The picture and regions of a bundled case. Raises UnknownName."""
    for case in bundled_cases():
        if case.key == key:
            return _read(case)
    known = ", ".join(case.key for case in bundled_cases())
    raise UnknownName(f"Bundled case {key!r}", "there is none of that name", f"Choose one of: {known}.")


def _frozen(entry: dict[str, Any]) -> dict[str, Any]:
    """Arrays of TOML as tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}


def _read(case: BundledCase) -> Case:
    with Image.open(FOLDER / case.file) as image:
        pixels = np.asarray(image, dtype=np.float32) / np.float32(255)
    pixels = np.atleast_3d(pixels)
    return Case(
        id=content_id(pixels),
        name=case.title,
        modality=case.modality,
        pixels=pixels,
        spacing_mm=case.spacing_mm,
        truth=case.truth,
        regions={name: _read_mask(file) for name, file in case.regions.items()},
        source={"kind": case.kind, "license": case.license, "source": case.source, "link": case.link},
        notes=(case.note,),
        orientation=case.orientation,
    )


def _read_mask(file: str) -> Mask:
    with Image.open(FOLDER / file) as image:
        return np.asarray(image.convert("1"), dtype=np.bool_)
