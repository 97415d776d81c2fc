"""What to train, as data: one TOML file per task in model_zoo/tasks/."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.errors import UnknownName
from core.values import InputSpec

FOLDER = Path(__file__).parent / "tasks"


@dataclass(frozen=True)
class Recipe:
    """Length and strength of a training. rate: peak learning rate; smoothing: label smoothing; mixup: both
    parameters of the beta distribution (arXiv:1710.09412); phantoms: share of synthetic pictures in an epoch."""

    epochs: int
    rate: float
    smoothing: float
    mixup: float
    phantoms: float


@dataclass(frozen=True)
class Augment:
    """Strengths of the random changes; each is a largest value or a probability.

    rotation in degrees; zoom, aspect, gain, tint and gamma are largest changes of the natural logarithm; shift is a
    share of the width; noise a standard deviation; blur, erase_corners and erase_boxes probabilities; pad is what
    lies beyond the border.
    """

    rotation: float
    zoom: float
    aspect: float
    shift: float
    gain: float
    tint: float
    gamma: float
    blur: float
    noise: float
    erase_corners: float
    erase_boxes: float
    pad: Literal["zeros", "reflection"]


@dataclass(frozen=True)
class Source:
    """A source of labels.csv: its short name in the results, and where it is described."""

    short: str
    link: str


@dataclass(frozen=True)
class Task:
    """One finding to learn. positive and negative are the values of the column label; each set of labels in
    auxiliary is one more target, learned beside the finding and dropped when the weights are written."""

    key: str
    name: str
    summary: str
    finding: str
    positive: tuple[str, ...]
    negative: tuple[str, ...]
    auxiliary: tuple[tuple[str, ...], ...]
    architecture: str
    license: str
    intended_use: str
    limits: tuple[str, ...]
    input: InputSpec
    recipe: Recipe
    augment: Augment
    sources: dict[str, Source]

    @property
    def targets(self) -> tuple[tuple[str, ...], ...]:
        """The sets of labels that count as positive: of the finding, then of each auxiliary target."""
        return (self.positive, *self.auxiliary)


def task_keys() -> tuple[str, ...]:
    """The tasks there are."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load_task(key: str) -> Task:
    """The task of this key; raises UnknownName listing what there is."""
    if key not in task_keys():
        raise UnknownName(f"Task {key!r}", "is not known", f"Choose one of: {', '.join(task_keys())}.")
    table = tomllib.loads((FOLDER / f"{key}.toml").read_text(encoding="utf-8"))
    return Task(
        **{name: table[name] for name in ("key", "name", "summary", "finding", "architecture", "license")},
        intended_use=table["intended_use"],
        positive=tuple(table["positive"]),
        negative=tuple(table["negative"]),
        auxiliary=tuple(tuple(labels) for labels in table["auxiliary"]),
        limits=tuple(table["limits"]),
        input=InputSpec(**table["input"]),
        recipe=Recipe(**table["recipe"]),
        augment=Augment(**table["augment"]),
        sources={name: Source(**source) for name, source in table["sources"].items()},
    )
