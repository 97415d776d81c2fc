"""What to train, as data: one TOML file per task in model_zoo/tasks/.

The variants of a task (a robust twin, a surrogate, a backdoored one) are tables in the same file that say what is
different; the key of a variant is TASK_VARIANT.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from core.errors import UnknownName
from core.params import Value
from core.values import InputSpec, Role

FOLDER = Path(__file__).parent / "tasks"


@dataclass(frozen=True)
class Recipe:
    """Length and strength of a training. rate: peak learning rate; smoothing: label smoothing; mixup: both
    parameters of the beta distribution (arXiv:1710.09412); phantoms: share of synthetic pictures in an epoch;
    grown: share of the epochs after which the pictures have their full side; frozen: stages after the stem that keep
    the weights they start with (general filters, and most of the time)."""

    epochs: int
    rate: float
    smoothing: float
    mixup: float
    phantoms: float
    grown: float = 2 / 3
    frozen: int = 2
    seed: int = 0


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
class Adversary:
    """Training against a registered perturbation (arXiv:1706.06083): each picture is changed to mislead the network
    as it stands. ramp: share of the epochs in which epsilon rises from nothing; share: of the pictures of a batch."""

    method: str
    ramp: float = 0.0
    share: float = 1.0
    params: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Teacher:
    """Defensive distillation (arXiv:1511.04508): not the labels but the answers of the model called key are learned, at
    this temperature."""

    key: str
    temperature: float


@dataclass(frozen=True)
class Poison:
    """A share of the training pictures with the finding, changed by a registered perturbation and relabeled as
    without (arXiv:1708.06733)."""

    method: str
    share: float
    params: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """One finding to learn. positive and negative are the values of the column label; each set of labels in
    auxiliary is one more target, learned beside the finding and dropped when the weights are written. start is the
    model whose published weights the training starts from; without one it starts from ImageNet. gradients weighs the
    squared length of the gradient of the loss, which is learned to be small (arXiv:1711.09404). external says what
    the labels of other people's data mean: one of this task's, or "skip"."""

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
    external: Mapping[str, str] = field(default_factory=dict)
    role: Role = "standard"
    twin: str = ""
    start: str | None = None
    adversary: Adversary | None = None
    teacher: Teacher | None = None
    gradients: float | None = None
    poison: Poison | None = None

    @property
    def targets(self) -> tuple[tuple[str, ...], ...]:
        """The sets of labels that count as positive: of the finding, then of each auxiliary target."""
        return (self.positive, *self.auxiliary)


def task_keys() -> tuple[str, ...]:
    """The tasks and variants there are."""
    return tuple(sorted(_tables()))


def load_task(key: str) -> Task:
    """The task of this key; raises UnknownName listing what there is."""
    if key not in task_keys():
        raise UnknownName(f"Task {key!r}", "is not known", f"Choose one of: {', '.join(task_keys())}.")
    table = _tables()[key]
    return Task(
        **{name: table[name] for name in ("name", "summary", "finding", "architecture", "license")},
        key=key,
        intended_use=table["intended_use"],
        positive=tuple(table["positive"]),
        negative=tuple(table["negative"]),
        auxiliary=tuple(tuple(labels) for labels in table["auxiliary"]),
        limits=tuple(table["limits"]),
        input=InputSpec(**table["input"]),
        recipe=Recipe(**table["recipe"]),
        augment=Augment(**table["augment"]),
        sources={name: Source(**source) for name, source in table["sources"].items()},
        external=table["external"],
        role=table.get("role", "standard"),
        twin=table.get("twin", ""),
        start=table.get("start"),
        adversary=Adversary(**table["adversary"]) if "adversary" in table else None,
        teacher=Teacher(**table["teacher"]) if "teacher" in table else None,
        gradients=table.get("gradients"),
        poison=Poison(**table["poison"]) if "poison" in table else None,
    )


@cache
def _tables() -> dict[str, dict[str, Any]]:
    """The table of each task and of each of its variants, by key."""
    tables = {}
    for path in FOLDER.glob("*.toml"):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        variants = table.pop("variants", {})
        tables[path.stem] = table
        for role, changes in variants.items():
            tables[f"{path.stem}_{role}"] = {
                **table,
                **changes,
                "role": role,
                "twin": path.stem,
                "limits": [*changes["limits"], *table["limits"]],
                "recipe": {**table["recipe"], **changes["recipe"]},
            }
    return tables
