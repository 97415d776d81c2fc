"""The lessons: one TOML file each in dashboard/lessons. What stands there of results is checked against live ones.

title, summary           what it is called, and what the reader will see
[shots.NAME]             one picture as one model sees it; see Shot
[[steps]]                title, text, panes ["NAME map", ... or picture, change, or nothing for all], expects (Claims);
                             for try_out and own_scales see Step
[steps.question]         text, rule, of, is (see Claim), choices and after (see Question), hides
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from core.params import Value
from core.values import Direction

FOLDER = Path(__file__).parent.parent / "lessons"
EDGES = "edges"  # in place of an explainer: the edges of the picture, which know nothing of any model

Part: TypeAlias = Literal["all", "picture", "map", "change"]


@dataclass(frozen=True)
class Shot:
    """One picture as one model sees it, and the map of that.

    The picture is that of the shot `of`, or else of the bundled case; with perturbation, or with noise of the size of
    the change in the shot noise_like, it is changed. random_layers of the model, counted from its output, get random
    weights; defense stands before it. What is not given is taken over from `of`.
    """

    name: str
    title: str
    case: str
    model: str
    explainer: str
    explainer_params: Mapping[str, Value] = field(default_factory=dict)
    of: str = ""
    perturbation: str = ""
    params: Mapping[str, Value] = field(default_factory=dict)
    direction: Direction | None = None
    seed: int = 0
    noise_like: str = ""
    random_layers: int | Literal["all"] = 0
    defense: str = ""


@dataclass(frozen=True)
class Claim:
    """A rule and the shots it looks at; outcome: what the text takes for granted that it comes to."""

    rule: str
    of: tuple[str, ...]
    outcome: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """choices {outcome: words}, one for each outcome of the rule, whose live outcome is the right one.

    after: shown once it is answered, if the live outcome is the one that it takes for granted; hides: shots whose
    results would give the answer away.
    """

    text: str
    asks: Claim
    choices: Mapping[str, str]
    after: str
    hides: tuple[str, ...] = ()


@dataclass(frozen=True)
class PaneSpec:
    """A shot, and which part of it a pane shows."""

    shot: str
    part: Part = "all"


@dataclass(frozen=True)
class Step:
    """One screen of a lesson.

    try_out: the shot that can be opened in the reading room; own_scales: each map has a color scale of its own, for a
    step in which the places alone are compared, not the strengths.
    """

    title: str
    text: str
    panes: tuple[PaneSpec, ...]
    expects: tuple[Claim, ...]
    question: Question | None = None
    try_out: str = ""
    own_scales: bool = False


@dataclass(frozen=True)
class Lesson:
    """A guided tour; shots stand in an order in which each comes after those it needs."""

    key: str
    title: str
    summary: str
    shots: Mapping[str, Shot]
    steps: tuple[Step, ...]

    def needed(self, step: Step) -> list[Shot]:
        """The shots of a step with those that they are made from, in order."""
        claims = [*step.expects, *([step.question.asks] if step.question else [])]
        wanted = {pane.shot for pane in step.panes} | {name for claim in claims for name in claim.of}
        for shot in reversed(list(self.shots.values())):
            if shot.name in wanted:
                wanted |= {shot.of, shot.noise_like}
        return [shot for shot in self.shots.values() if shot.name in wanted]


@cache
def lessons() -> Mapping[str, Lesson]:
    """{key: lesson}, in the order of their files, which are named NUMBER-KEY.toml."""
    read = (_read(path) for path in sorted(FOLDER.glob("*.toml")))
    return {lesson.key: lesson for lesson in read}


def _read(path: Path) -> Lesson:
    with path.open("rb") as file:
        data = tomllib.load(file)
    shots: dict[str, Shot] = {}
    for name, entry in data["shots"].items():
        shots[name] = _shot(name, entry, shots)
    steps = tuple(_step(entry) for entry in data["steps"])
    return Lesson(path.stem.partition("-")[2], data["title"], data["summary"], shots, steps)


def _shot(name: str, entry: Mapping[str, Any], known: Mapping[str, Shot]) -> Shot:
    of = known[entry["noise_like"]].of if "noise_like" in entry else entry.get("of", "")
    if not of:
        return Shot(name=name, **entry)
    plain: dict[str, Any] = {
        "perturbation": "",
        "params": {},
        "direction": None,
        "seed": 0,
        "noise_like": "",
        "random_layers": 0,
    }
    if "explainer" in entry:
        plain["explainer_params"] = {}
    return replace(known[of], **(plain | dict(entry) | {"name": name, "of": of}))


def _step(entry: Mapping[str, Any]) -> Step:
    asked = entry.get("question")
    return Step(
        entry["title"],
        entry["text"],
        tuple(_pane(text) for text in entry["panes"]),
        tuple(_claim(claim) for claim in entry.get("expects", ())),
        _question(asked) if asked else None,
        entry.get("try_out", ""),
        entry.get("own_scales", False),
    )


def _pane(text: str) -> PaneSpec:
    shot, _, part = text.partition(" ")
    return PaneSpec(shot, cast(Part, part or "all"))


def _question(entry: Mapping[str, Any]) -> Question:
    return Question(entry["text"], _claim(entry), entry["choices"], entry["after"], tuple(entry.get("hides", ())))


def _claim(entry: Mapping[str, Any]) -> Claim:
    return Claim(entry["rule"], tuple(entry["of"]), entry["is"], entry.get("options", {}))
