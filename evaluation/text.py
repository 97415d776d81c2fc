"""The summaries of evaluation.summary as text for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from core.values import ModelCard
from evaluation.coverage import answer_in_words
from evaluation.defended import ROWS
from evaluation.localize import SCORES
from evaluation.marked import NAMES
from evaluation.summary import Summary
from evaluation.verdicts import FIXED, HIT_OR_MISS
from evaluation.words import MEASURES, finding, in_sentence, percent

UNDEFINED = "undefined"
UNITS = {"centroid_shift": " (px)", "centroid_shift_mm": " (mm)"}
REACHED = {
    "float": "goal reached",
    "eight_bit": "goal reached after 8 bits",
    "jpeg": "goal reached after JPEG",
}


def text_of(summary: Summary, card: ModelCard) -> str:
    """Everything a reader needs, plain words first."""
    return "\n".join(_lines(summary, card)) + "\n"


def _lines(summary: Summary, card: ModelCard) -> Iterator[str]:
    yield f"{card.name} ({card.key})"
    if "case" in summary:
        yield f"Case {summary['case']['id']}"
        yield from (f"  {note}" for note in summary["case"]["notes"])
    yield ""
    if "sentence" in summary:
        yield from (summary["sentence"], "", summary["technical"], "")
    if "predictions" in summary:
        yield from (_answer(row["label"], row["probability"], row) for row in summary["predictions"])
        if certain := summary.get("certain"):
            said = answer_in_words(certain["answer"])
            yield f"At {100 * certain['coverage']:g} % coverage: {said}"
    elif "map" in summary:
        yield _answer(summary["target"], summary["probability"], summary)
        yield from _map(summary["map"])
        if trial := summary.get("trial"):
            yield from _trial(trial)
    elif "rows" in summary:
        yield from _benchmark(summary["rows"])
    elif "certificate" in summary:
        yield summary["certificate"]["sentence"]
    elif "defenses" in summary:
        yield from _defenses(summary["defenses"])
    elif "flips" in summary:
        yield from _flips(summary["flips"])
    elif "detectors" in summary:
        for key, found in summary["detectors"].items():
            yield from _detector(key, found)
    elif "sets" in summary:
        for each in summary["sets"]:
            yield from _localization(each)
    else:
        yield from _change(summary)
    for caution in summary.get("cautions", ()):
        yield f"! {caution['about'].capitalize()}: {caution['reason']}"
    yield from (f"Picture {picture['file']}{_scale(picture)}" for picture in summary.get("pictures", {}).values())
    yield f"Recipe: {json.dumps(summary['recipe'])}"
    yield summary["notice"]


def _answer(label: str, probability: float, row: Summary) -> str:
    verdict = "flagged" if row["flagged"] else "not flagged"
    return f"{finding(label)} {percent(probability)}: {verdict} (flagged from {percent(row['threshold'])})"


def _map(summary: Summary) -> Iterator[str]:
    yield f"Map from {summary['lowest']:.3g} to {summary['highest']:.3g} {summary['unit']}, sum {summary['sum']:.3g}"
    if summary["completeness_gap"] is not None:
        yield f"Completeness gap {summary['completeness_gap']:.1%} of the logit difference"


def _trial(trial: Summary) -> Iterator[str]:
    """What measures say of a map."""
    yield ""
    rows = [["measure", "this map", "better", "random maps", "best of them", "central blob", "verdict"]]
    for key, row in trial["measures"].items():
        own, random, best, center = map(
            _number, (row["score"]["value"], row["random"]["value"], row["random_best"], row["center"]["value"])
        )
        others = [random, "" if key in FIXED.keys() | HIT_OR_MISS else best, center]
        rows.append(
            [f"{key} ({row['unit']})" if row["unit"] else key, own, row["score"]["better"], *others, row["verdict"]]
        )
    yield from _table(rows)
    yield from (f"{key}: {why}" for key, why in trial["unmet"].items())
    yield f"completeness: {trial['completeness']}"
    if trial["place"] is not None:
        place = trial["place"] if isinstance(trial["place"], str) else "{:g},{:g},{:g},{:g}".format(*trial["place"])
        yield f"measures of place hold the map against: {place}"
    yield trial["verdict"]
    yield ""


def _change(summary: Summary) -> Iterator[str]:
    control = summary["control"]
    both = (summary, control)
    clean = [percent(summary["probability_before"]), f"{summary['logit_before']:.2f}"]
    rows = [
        ["", "clean", "perturbed", "control"],
        [finding(summary["target"]), clean[0], *(percent(part["probability_after"]) for part in both)],
        ["logit", clean[1], *(f"{part['logit_after']:.2f}" for part in both)],
        ["decision", "", *("flips" if part["flipped"] else "stays" for part in both)],
        ["largest change (/255)", "", *(f"{part['linf_255']:.2f}" for part in both)],
        ["RMS of the change (/255)", "", *(f"{part['rms_255']:.2f}" for part in both)],
        ["SSIM", "", *(f"{part['ssim']:.3f}" for part in both)],
    ]
    for name in summary["reached"]:
        rows.append([REACHED[name], "", *("yes" if part["reached"][name] else "no" for part in both)])
    for name, value in summary.get("explanation_change", {}).items():
        cells = map(_number, (value, control["explanation_change"][name]))
        rows.append([f"map: {in_sentence(MEASURES[name].technical)}{UNITS.get(name, '')}", "", *cells])
    yield from _table(rows)
    yield f"Goal: {summary['goal']} {finding(summary['target'])}, flagged from {percent(summary['threshold'])}."
    yield f"Control: {control['caption']}."


def _benchmark(rows: Summary) -> Iterator[str]:
    measures = ("accuracy", "auroc", "confidence")
    yield from _table(
        [["", *measures], *([name, *(_rate(row[measure]) for measure in measures)] for name, row in rows.items())]
    )


def _defenses(rows: Summary) -> Iterator[str]:
    yield "Share answered rightly:"
    yield from _table([["", *ROWS], *([key, *(_rate(row[name]) for name in ROWS)] for key, row in rows.items())])


def _flips(rows: Sequence[Summary]) -> Iterator[str]:
    yield "Share of the decisions that flip, of flagged pictures (hide) and others (induce):"
    names = [name for name in rows[0] if name != "epsilon"]
    yield from _table(
        [["epsilon (/255)", *names], *([f"{row['epsilon']:g}", *(_rate(row[name]) for name in names)] for row in rows)]
    )


def _detector(key: str, found: Summary) -> Iterator[str]:
    yield f"{key}: alarm above {found['threshold']:.4g}"
    yield from _table([["  false alarms on", ""], *([f"    {n}", _rate(s)] for n, s in found["false_alarms"].items())])
    measures = ("misled", "auroc", "caught", "unseen")
    attacks = found["attacks"].items()
    yield from _table(
        [["  attack", *measures], *([f"    {n}", *(_rate(made[m]) for m in measures)] for n, made in attacks)]
    )
    yield ""


def _localization(found: Summary) -> Iterator[str]:
    yield f"{NAMES[found['name']]}: {found['pictures']} pictures, {found['flagged']} of them flagged"
    if found["left_out"]:
        yield f"{found['left_out']} more were left out, since the model was trained or tuned on the same pictures."
    yield f"The finding fills {percent(found['area'])} of what the model sees (median)."
    rows = [["", *SCORES]]
    for method, said in found["methods"].items():
        rows.append([method, *(_rate(said["scores"][name]) for name in SCORES)])
    yield from _table(rows)
    yield from (f"{method}: {said['sentence']}" for method, said in found["methods"].items() if "sentence" in said)
    yield ""


def _rate(score: Summary) -> str:
    value = _number(score["value"])
    if score["interval"] is not None:
        value += " [{:.3f}, {:.3f}]".format(*score["interval"])
    return f"{value} n={score['n']}"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *cells in rows:
        aligned = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
        yield "  ".join([first.ljust(widths[0]), *aligned])


def _number(value: float | None) -> str:
    return UNDEFINED if value is None else f"{round(value, 3) + 0.0:.3f}"


def _scale(picture: Summary) -> str:
    if "range" not in picture:
        return ""
    said = "{:.3g} to {:.3g} {}".format(*picture["range"], picture["unit"])
    grain = "; {} x {} map, smoothly enlarged".format(*picture["cells"]) if picture["cells"] else ""
    return f" ({said}{grain})"
