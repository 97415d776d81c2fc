"""Model cards: one TOML file per model in model_zoo/cards/, written by model_zoo.evaluate, checked at reading."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from core.errors import ModelError, UnknownName
from core.values import MODALITIES, DataSource, InputSpec, ModelCard, Score

FOLDER = Path(__file__).parent / "cards"
REMEDY = "Restore the file from the repository, or train anew with make train."


def cards() -> tuple[ModelCard, ...]:
    """All cards, ordered by key; raises ModelError for one that contradicts itself."""
    return tuple(load_card(path.stem) for path in sorted(FOLDER.glob("*.toml")))


@cache
def load_card(key: str) -> ModelCard:
    """The card of this key; raises UnknownName listing what there is, or ModelError."""
    path = FOLDER / f"{key}.toml"
    known = sorted(path.stem for path in FOLDER.glob("*.toml"))
    if key not in known:
        raise UnknownName(f"Model {key!r}", "is not known", f"Choose one of: {', '.join(known)}.")
    return read_card(path)


def read_card(path: Path) -> ModelCard:
    """A TOML file -> its card; raises ModelError naming file, field and value."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        card = ModelCard(
            key=table["key"],
            name=table["name"],
            summary=table["summary"],
            input=InputSpec(**table["input"]),
            labels=tuple(table["labels"]),
            thresholds=tuple(float(value) for value in table["thresholds"]),
            temperature=float(table["temperature"]),
            architecture=table["architecture"],
            weights=table["weights"],
            sha256=table["sha256"],
            license=table["license"],
            training=tuple(DataSource(**source) for source in table["training"]),
            results={measure: _score(result) for measure, result in table["results"].items()},
            test_split=table["test_split"],
            intended_use=table["intended_use"],
            limits=tuple(table["limits"]),
        )
    except KeyError as error:
        raise ModelError(str(path), f"lacks the field {error}", REMEDY) from None
    except (OSError, TypeError, ValueError) as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise ModelError(str(path), f"can't be read as a model card ({error})", REMEDY) from None
    _check(card, path)
    return card


def _score(result: dict[str, Any]) -> Score:
    interval = result.get("interval")
    return Score(**{**result, "interval": tuple(interval) if interval is not None else None})


def _check(card: ModelCard, path: Path) -> None:
    rules: list[tuple[str, Any, bool, str]] = [
        ("key", card.key, card.key == path.stem, "must be the name of the file"),
        ("labels", card.labels, len(card.labels) > 0, "must not be empty"),
        ("thresholds", card.thresholds, len(card.thresholds) == len(card.labels), "must be as many as labels"),
        ("thresholds", card.thresholds, all(0 < value < 1 for value in card.thresholds), "must lie between 0 and 1"),
        ("temperature", card.temperature, 0 < card.temperature < math.inf, "must be positive and finite"),
        ("sha256", card.sha256, bool(re.fullmatch("[0-9a-f]{64}", card.sha256)), "must be 64 hexadecimal digits"),
        ("weights", card.weights, Path(card.weights).name == card.weights, "must be a file name without a folder"),
        ("input.modality", card.input.modality, card.input.modality in MODALITIES, f"must be one of {[*MODALITIES]}"),
        ("input.channels", card.input.channels, card.input.channels in (1, 3), "must be 1 or 3"),
        ("input.size", card.input.size, 32 <= card.input.size <= 1024, "must be 32 to 1024 pixels"),
        ("input.fit", card.input.fit, card.input.fit in ("squash", "fov"), "must be squash or fov"),
        ("training", card.training, len(card.training) > 0, "must name at least one source"),
    ]
    for measure, score in card.results.items():
        low, high = score.interval or (score.value, score.value)
        rules.append(
            (f"results.{measure}", score, 0 <= low <= score.value <= high <= 1, "must lie in its interval in [0, 1]")
        )
    for field, value, holds, rule in rules:
        if not holds:
            raise ModelError(f"{path}: {field}", f"{rule}, not {value!r}", REMEDY)


def write_card(card: ModelCard, path: Path) -> None:
    """The inverse of read_card."""
    spec = card.input
    lines = [f"{name} = {_toml(getattr(card, name))}" for name in _PLAIN]
    lines += ["", "[input]", *_pairs(spec.__dict__)]
    for source in card.training:
        lines += ["", "[[training]]", *_pairs(source.__dict__)]
    for measure, score in card.results.items():
        lines += ["", f"[results.{measure}]", *_pairs(score.__dict__)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


_PLAIN = (
    *("key", "name", "summary", "labels", "thresholds", "temperature", "architecture", "weights", "sha256"),
    *("license", "test_split", "intended_use", "limits"),
)


def _pairs(values: dict[str, Any]) -> list[str]:
    return [f"{name} = {_toml(value)}" for name, value in values.items() if value is not None]


def _toml(value: Any) -> str:
    """A string, number, or tuple of them, as TOML; JSON strings are TOML strings."""
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    writer: Callable[[Any], str] = repr if isinstance(value, float) else json.dumps
    return writer(value) if not isinstance(value, str) else json.dumps(value, ensure_ascii=False)
