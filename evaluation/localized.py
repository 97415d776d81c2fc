"""What was measured of where maps point: kept as one file per model, and what it says about each method.

assets/localization/KEY.json holds scores picture by picture, written by `python -m evaluation localize --out`. No
picture, no name, no patient: only scores, and numbers that say which pictures belong to one group.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ModelError
from core.files import writing_into
from core.values import ModelCard, Score
from evaluation.localize import CENTER, RANDOM, SCORES, Array, Localization
from evaluation.words import in_sentence
from explainers.metrics import MEASURES
from model_zoo.evidence import numbered
from model_zoo.measures import mean_interval, rate_interval

FOLDER = Path(__file__).resolve().parent.parent / "assets" / "localization"
LEAST = 10  # pictures, fewer of which tell nothing


@dataclass(frozen=True)
class Row:
    """What a method, or a map that knows nothing, reached on a set: {measure: Score} with 95 % intervals, and the mean
    paired differences from the central blob and from random maps."""

    method: str
    scores: Mapping[str, Score]
    over_center: Mapping[str, Score]
    over_random: Mapping[str, Score]


def rows_of(found: Localization) -> list[Row]:
    """Maps that know nothing first, then methods by their localization AUC."""
    rows = [
        Row(
            key,
            {name: mean_score(name, found.scores[key][name], found.groups) for name in SCORES},
            differences(found, key, found, CENTER),
            differences(found, key, found, RANDOM),
        )
        for key in (RANDOM, CENTER, *found.methods)
    ]
    return rows[:2] + sorted(rows[2:], key=lambda row: -np.nan_to_num(row.scores["localization_auc"].value, nan=-1))


def mean_score(name: str, values: Array, groups: Array) -> Score:
    """The mean of a score over the pictures that have it."""
    there = ~np.isnan(values)
    around = rate_interval(values[there], groups[there])
    mean = float(values[there].mean()) if there.any() else float("nan")
    return Score(mean, MEASURES[name].unit, MEASURES[name].better, around, int(there.sum()))


def differences(found: Localization, key: str, other: Localization, than: str) -> dict[str, Score]:
    """{measure: how much higher one map scores than another on the same pictures}, in the mean over the pictures on
    which both have the score."""
    made = {}
    for name in SCORES:
        change = found.scores[key][name] - other.scores[than][name]
        there = ~np.isnan(change)
        around = mean_interval(change[there], found.groups[there])
        mean = float(change[there].mean()) if there.any() else float("nan")
        made[name] = Score(mean, MEASURES[name].unit, MEASURES[name].better, around, int(there.sum()))
    return made


def sign(difference: Score) -> int:
    """1 where a difference is above 0 for sure, -1 where it is below, 0 where it can't be told: where the interval
    holds 0, or there are fewer than 10 pictures."""
    if difference.interval is None or (difference.n or 0) < LEAST:
        return 0
    low, high = difference.interval
    return int(low > 0) - int(high < 0)


def sentence(row: Row) -> str:
    """What the result says about a method, in one sentence."""
    if all(score.n == 0 for score in row.scores.values()):
        return "Made no map here."
    if all((difference.n or 0) < LEAST for difference in row.over_center.values()):
        return "Too few pictures to tell."
    better, worse = (_named(row.over_center, wanted) for wanted in (1, -1))
    said = list[str]()
    for word, names in (("better", better), ("worse", worse)):
        if names:
            than = "" if said else " than the central blob"
            said.append(f"{word}{than} on {'all four scores' if len(names) == len(SCORES) else _listed(names)}")
    against = ", ".join(said) or "not told apart from the central blob"
    if not _named(row.over_random, 1):
        return f"No better than random values on any score; {against}."
    return against[:1].upper() + against[1:] + "."


def twins(standard: Localization, robust: Localization) -> tuple[list[str], list[str]] | None:
    """Methods whose localization AUC is higher, and those whose it is lower, with the robust twin; None where the two
    were not given the same pictures."""
    if not np.array_equal(standard.areas, robust.areas):
        return None
    shared = [key for key in standard.methods if key in robust.methods]
    signs = {key: sign(differences(robust, key, standard, key)["localization_auc"]) for key in shared}
    return [key for key in shared if signs[key] > 0], [key for key in shared if signs[key] < 0]


def localizations_of(card: ModelCard, folder: Path | None = None) -> list[Localization]:
    """What was measured of the model with this card; nothing where no file is, or one of other weights.

    Raises ModelError where the file is damaged.
    """
    path = (folder or FOLDER) / f"{card.key}.json"
    if not path.is_file():
        return []
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        return [_read(entry) for entry in table["sets"]] if table["sha256"] == card.sha256 else []
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        remedy = "Restore the file from the repository, or remove it and measure anew: python -m evaluation localize."
        raise ModelError(str(path), f"can't be read as scores of maps ({error})", remedy) from None


def write_localizations(card: ModelCard, found: Sequence[Localization], folder: Path = FOLDER) -> None:
    """Write what was found beside what the file holds of the same weights: other sets, and other methods on the same
    pictures. JSON with four decimals, undefined scores as null, groups numbered from 0. Raises InputError where it
    can't, and ModelError where the file is damaged."""
    sets = {each.name: each for each in localizations_of(card, folder)}
    for each in found:
        before = sets.get(each.name)
        if before is not None and _plain(before.areas) == _plain(each.areas):
            each = replace(each, scores={**before.scores, **each.scores})
        sets[each.name] = each
    table = {"sha256": card.sha256, "sets": [_table(each) for each in sets.values()]}
    with writing_into(folder):
        (folder / f"{card.key}.json").write_text(json.dumps(table, allow_nan=False) + "\n", encoding="utf-8")


def _read(entry: dict[str, Any]) -> Localization:
    scores = {
        key: {name: np.array(values[name], dtype=np.float64) for name in SCORES}
        for key, values in entry["scores"].items()
    }
    flagged = np.array(entry["flagged"], dtype=bool)
    return Localization(
        entry["name"], np.array(entry["groups"]), entry["left_out"], flagged, np.array(entry["areas"]), scores
    )


def _table(found: Localization) -> dict[str, Any]:
    return {
        "name": found.name,
        "groups": numbered(found.groups.tolist()),
        "left_out": found.left_out,
        "flagged": found.flagged.astype(int).tolist(),
        "areas": _plain(found.areas),
        "scores": {
            key: {name: _plain(values) for name, values in of_map.items()} for key, of_map in found.scores.items()
        },
    }


def _plain(values: Array) -> list[float | None]:
    return [None if math.isnan(value) else round(value, 4) for value in values.tolist()]


def _named(over: Mapping[str, Score], wanted: int) -> list[str]:
    return [in_sentence(MEASURES[name].name) for name in SCORES if sign(over[name]) == wanted]


def _listed(names: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
