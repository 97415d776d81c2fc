"""Model cards: one TOML file per model, checked at reading.

Ours lie in model_zoo/cards/ and are written by model_zoo.evaluate; those of models from elsewhere lie, beside their
weights, in the folder named by SECOND_LOOK_MODELS.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import re
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from core.errors import ModelError, UnknownName
from core.values import MODALITIES, ROLES, DataSource, InputSpec, ModelCard, Score
from model_zoo.formats import SUFFIXES

FOLDER = Path(__file__).parent / "cards"
REMEDY = "Restore the file from the repository, or train anew with make train."
FOREIGN_REMEDY = "Correct the card."

# What a table of the wrong form raises; a TOMLDecodeError is a ValueError, and deep nesting a RecursionError.
_MALFORMED = (AttributeError, OverflowError, RecursionError, TypeError, ValueError)


def models_folder() -> Path:
    """Where models from elsewhere are kept, cards and weights; it need not exist."""
    named = os.environ.get("SECOND_LOOK_MODELS")
    return Path(named).expanduser() if named else Path.home() / ".local" / "share" / "second-look" / "models"


def cards() -> tuple[ModelCard, ...]:
    """Our cards ordered by key, then those from elsewhere that can be used, see card_problems.

    Raises ModelError where one of ours contradicts itself.
    """
    ours = tuple(load_card(path.stem) for path in sorted(FOLDER.glob("*.toml")))
    return ours + tuple(card for card in _foreign() if isinstance(card, ModelCard))


def card_problems() -> tuple[str, ...]:
    """One message for each card from elsewhere that can't be used."""
    return tuple(str(problem) for problem in _foreign() if isinstance(problem, ModelError))


def load_card(key: str) -> ModelCard:
    """The card of this key; raises UnknownName listing what there is, or ModelError."""
    for folder, card_at in ((FOLDER, _card_at), (models_folder(), _foreign_card_at)):
        if re.fullmatch(_BARE, key) and (path := folder / f"{key}.toml").is_file():
            return card_at(path)
    known = {path.stem for folder in (models_folder(), FOLDER) for path in folder.glob("*.toml")}
    raise UnknownName(f"Model {key!r}", "is not known", f"Choose one of: {', '.join(sorted(known))}.")


def _foreign() -> list[ModelCard | ModelError]:
    found: list[ModelCard | ModelError] = []
    for path in sorted(models_folder().glob("*.toml")):
        try:
            found.append(_foreign_card_at(path))
        except ModelError as error:
            found.append(error)
    return found


def _foreign_card_at(path: Path) -> ModelCard:
    ours = FOLDER / path.name
    if ours.is_file():
        raise ModelError(str(path), f"has the key of {ours}", "Give the card and its file another key.")
    card = _card_at(path)
    if card.role != "foreign":
        raise ModelError(f"{path}: role", f"must be foreign, not {card.role!r}", FOREIGN_REMEDY)
    return card


def _card_at(path: Path) -> ModelCard:
    try:
        changed = path.stat().st_mtime_ns
    except OSError as error:
        raise ModelError(str(path), f"can't be read ({error})", REMEDY) from None
    return _card_as_of(path, changed)


@cache
def _card_as_of(path: Path, _changed: int) -> ModelCard:
    return read_card(path)


def read_card(path: Path) -> ModelCard:
    """A TOML file -> its card; raises ModelError naming file, field and value."""
    remedy = REMEDY if path.parent == FOLDER else FOREIGN_REMEDY
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(str(path), f"can't be read as a model card ({error})", remedy) from None
    card = parse_card(text, str(path), remedy)
    if card.key != path.stem:
        raise ModelError(f"{path}: key", f"must be the name of the file, not {card.key!r}", remedy)
    return card


def parse_card(text: str, name: str, remedy: str = FOREIGN_REMEDY) -> ModelCard:
    """The text of a card, whoever wrote it -> the card; raises ModelError saying name, field and value."""
    try:
        table = tomllib.loads(text)
        card = ModelCard(
            key=table["key"],
            name=table["name"],
            summary=table["summary"],
            input=InputSpec(**_tuples(table["input"])),
            labels=tuple(table["labels"]),
            operating_points={name: _floats(point) for name, point in table["operating_points"].items()},
            temperature=float(table["temperature"]),
            architecture=table["architecture"],
            weights=table["weights"],
            sha256=table["sha256"],
            license=table["license"],
            training=tuple(DataSource(**source) for source in table["training"]),
            results={measure: _score(result) for measure, result in table.get("results", {}).items()},
            test_split=table["test_split"],
            intended_use=table["intended_use"],
            limits=tuple(table["limits"]),
            **_tuples({name: table[name] for name in _OPTIONAL if name in table}),
        )
        broken = next(((field, value, rule) for field, value, holds, rule in _rules(card) if not holds), None)
    except KeyError as error:
        raise ModelError(name, f"lacks the field {error}", remedy) from None
    except _MALFORMED as error:
        raise ModelError(name, f"can't be read as a model card ({error})", remedy) from None
    if broken is not None:
        field, value, rule = broken
        raise ModelError(f"{name}: {field}", f"{rule}, not {value!r}", remedy)
    return card


def _tuples(table: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}


def _floats(values: list[Any]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _score(result: dict[str, Any]) -> Score:
    interval = result.get("interval")
    return Score(**{**result, "interval": tuple(interval) if interval is not None else None})


def _rules(card: ModelCard) -> Iterator[tuple[str, Any, bool, str]]:
    """(field, value, whether the rule holds, the rule), each tested only after those before it."""
    outputs = len(card.labels) + len(card.hidden)
    for field in _TEXTS:
        yield field, getattr(card, field), isinstance(getattr(card, field), str), "must be text"
    yield "key", card.key, bool(re.fullmatch(_BARE, card.key)), "must be letters, digits, - and _"
    yield "labels", card.labels, len(card.labels) > 0, "must not be empty"
    yield "labels", card.labels, all(isinstance(label, str) and label for label in card.labels), "must be texts"
    yield "labels", card.labels, len(set(card.labels)) == len(card.labels), "must differ from each other"
    yield "limits", card.limits, all(isinstance(limit, str) for limit in card.limits), "must be texts"
    yield "operating_points", card.operating_points, len(card.operating_points) > 0, "must not be empty"
    yield "temperature", card.temperature, 0 < card.temperature < math.inf, "must be positive and finite"
    yield "sha256", card.sha256, _is_digest(card), "must be 64 hexadecimal digits; only foreign models may lack it"
    yield "format", card.format, card.format in SUFFIXES, f"must be one of {[*SUFFIXES]}"
    yield "weights", card.weights, _is_file_name(card), "must be a file name without a folder, fit for the format"
    yield "input.modality", card.input.modality, card.input.modality in MODALITIES, f"must be one of {[*MODALITIES]}"
    yield "input.channels", card.input.channels, card.input.channels in (1, 3), "must be 1 or 3"
    yield "input.size", card.input.size, isinstance(card.input.size, int), "must be a whole number"
    yield "input.size", card.input.size, 32 <= card.input.size <= 1024, "must be 32 to 1024 pixels"
    yield "input.fit", card.input.fit, card.input.fit in ("squash", "fov"), "must be squash or fov"
    yield "input.planes", card.input.planes, card.input.planes in {card.input.channels, 3}, "must be channels or 3"
    yield "input.mean", card.input.mean, _fits(card.input.mean, card.input.planes), "must be one number or one a plane"
    yield "input.std", card.input.std, _fits(card.input.std, card.input.planes), "must be one number or one a plane"
    yield "input.std", card.input.std, all(value > 0 for value in card.input.std), "must be positive"
    yield "role", card.role, card.role in ROLES, f"must be one of {[*ROLES]}"
    yield "head", card.head, card.head in ("independent", "exclusive"), "must be independent or exclusive"
    yield "head", card.head, card.head == "independent" or outputs > 1, "can't be exclusive with one output"
    yield "hidden", card.hidden, all(i in range(outputs) for i in card.hidden), f"must lie in 0 to {outputs - 1}"
    yield "hidden", card.hidden, len(set(card.hidden)) == len(card.hidden), "must differ from each other"
    yield "source", card.source, bool(re.fullmatch(_SOURCE, card.source)), f"must be {SOURCES}"
    yield "scope", card.scope, card.scope is None or 0 < card.scope < math.inf, "must be positive and finite"
    yield "training", card.training, len(card.training) > 0, "must name at least one source"
    for source in card.training:
        texts = (source.name, source.license, source.link)
        yield "training", source, all(isinstance(text, str) for text in texts), "must have name, license, link as text"
        yield "training.images", source.images, _is_count(source.images), "must be a whole number, at least 0"
    for name, point in card.operating_points.items():
        field = f"operating_points.{name}"
        yield field, name, bool(re.fullmatch(_BARE, name)), "must be named by letters, digits, - and _"
        yield field, point, len(point) == len(card.labels), "must be as many as labels"
        yield field, point, all(0 < value < 1 for value in point), "must lie between 0 and 1"
    for name, score in card.results.items():
        field = f"results.{name}"
        low, high = score.interval or (score.value, score.value)
        yield field, name, bool(re.fullmatch(_BARE, name)), "must be named by letters, digits, - and _"
        yield field, score, 0 <= low <= score.value <= high <= 1, "must lie in its interval in [0, 1]"
        yield f"{field}.n", score.n, score.n is None or _is_count(score.n), "must be a whole number, at least 0"
        yield f"{field}.unit", score.unit, isinstance(score.unit, str), "must be text"


def _is_file_name(card: ModelCard) -> bool:
    plain = bool(re.fullmatch(r"[\w][\w .+-]{0,127}", card.weights))
    return plain and card.weights.endswith(SUFFIXES.get(card.format, ""))


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_digest(card: ModelCard) -> bool:
    return bool(re.fullmatch("[0-9a-f]{64}", card.sha256)) or (card.role == "foreign" and not card.sha256)


def _fits(values: tuple[float, ...], planes: int) -> bool:
    return len(values) in {1, planes} and all(math.isfinite(value) for value in values)


def write_card(card: ModelCard, path: Path) -> None:
    """The inverse of read_card."""
    path.write_text(card_text(card), encoding="utf-8")


def card_text(card: ModelCard) -> str:
    """The inverse of parse_card."""
    spec = card.input
    lines = [f"{name} = {toml(getattr(card, name))}" for name in _PLAIN]
    lines += [f"{name} = {toml(value)}" for name, value in _given(card, _OPTIONAL)]
    lines += ["", "[operating_points]", *_pairs(dict(card.operating_points))]
    lines += ["", "[input]", *_pairs({**{name: getattr(spec, name) for name in _INPUT}, **dict(_given(spec, _RANGE))})]
    for source in card.training:
        lines += ["", "[[training]]", *_pairs(source.__dict__)]
    for measure, score in card.results.items():
        lines += ["", f"[results.{measure}]", *_pairs(score.__dict__)]
    return "\n".join(lines) + "\n"


_PLAIN = (
    *("key", "name", "summary", "labels", "temperature", "architecture", "weights", "sha256"),
    *("license", "test_split", "intended_use", "limits"),
)
_OPTIONAL = ("role", "twin", "format", "source", "head", "hidden", "scope")
_INPUT = ("modality", "channels", "size", "fit")
_RANGE = ("mean", "std", "planes")
_BARE = "[A-Za-z0-9_-]{1,64}"
_TEXTS = ("name", "summary", "architecture", "license", "test_split", "intended_use", "twin")
_SOURCE = r"|https://\S+|hf-hub:[\w.-]+/[\w.-]+(/[\w.-]+)?"
SOURCES = "https://..., hf-hub:owner/name or hf-hub:owner/name/file"


def _given(values: Any, names: tuple[str, ...]) -> list[tuple[str, Any]]:
    """The fields of these names that differ from their defaults."""
    defaults = {field.name: field.default for field in dataclasses.fields(values)}
    return [(name, value) for name in names if (value := getattr(values, name)) != defaults[name]]


def _pairs(values: dict[str, Any]) -> list[str]:
    return [f"{name} = {toml(value)}" for name, value in values.items() if value is not None]


def toml(value: Any) -> str:
    """A string, number, or tuple of them, as TOML; JSON strings are TOML strings, but for the character DEL."""
    if isinstance(value, tuple):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    writer: Callable[[Any], str] = repr if isinstance(value, float) else json.dumps
    text = isinstance(value, str)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f") if text else writer(value)
