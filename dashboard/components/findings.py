"""What a comparison found: the sentence, the cautions, and the table before | after | control.

Every number of the plain sentence stands in the plain table, and the technical table holds them all with more digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from core.values import Caution, Comparison, Perturbation, Score, View
from dashboard.components.glossary import explained
from dashboard.components.words import noise, shape
from evaluation.goals import wanted
from evaluation.sentences import sentences
from evaluation.words import MEASURES, fraction, gray_levels, level, percent, points

SPOKEN_OF = "top_overlap"  # the measure of maps that the plain sentence gives
SAID = {True: "yes", False: "no", None: "not known yet"}


@dataclass(frozen=True)
class Row:
    """One line of the table; about says which cautions concern it; a cell is empty where nothing can stand there."""

    name: str
    clean: str
    perturbed: str
    control: str
    about: str = ""


def sentence(comparison: Comparison, *, technical: bool, behind: str = "") -> None:
    """What happened, in words; behind says what stands before the model."""
    words = sentences(comparison, "Technical" if technical else "Plain")
    st.html(f'<p class="sentence">{_unbroken(f"{behind} {words}".strip())}</p>')


def caution_list(cautions: Sequence[Caution]) -> None:
    """Reasons not to believe a number, each with what it is about."""
    items = "".join(f"<li><b>{escape(c.about.capitalize())}</b> {_unbroken(c.reason)}</li>" for c in cautions)
    st.html(f'<ul class="cautions" aria-label="Cautions">{items}</ul>')


def _unbroken(words: str) -> str:
    """As HTML, with no line break between a number and its percent sign."""
    return escape(words).replace(" %", "&nbsp;%")


def table(comparison: Comparison, *, technical: bool) -> None:
    """The numbers before and after, beside those of the control: in plain words those that the sentence speaks of,
    technical all of them, with exact names."""
    doubts: dict[str, str] = {}
    for caution in comparison.cautions:
        doubts[caution.about] = f"{doubts.get(caution.about, '')} {caution.reason}".strip()
    body = "".join(
        f'<tbody><tr><th class="group" colspan="4" scope="rowgroup">{name}</th></tr>'
        + "".join(_line(row, doubts) for row in rows)
        + "</tbody>"
        for name, rows in groups(comparison, technical=technical).items()
    )
    control = escape(noise(comparison.perturbation, technical=technical))
    columns = ("Clean", "Perturbed", f"{explained('Control')}<small>{control}</small>")
    head = "<tr><td></td>" + "".join(f'<th scope="col">{column}</th>' for column in columns) + "</tr>"
    st.html(f'<table class="numbers-table comparison"><thead>{head}</thead>{body}</table>')


def groups(comparison: Comparison, *, technical: bool) -> dict[str, list[Row]]:
    """{heading: rows} of the table."""
    goal = wanted(comparison.perturbation)
    outcome = {"hide": "The finding is hidden", "induce": "The finding is induced", "keep": "The decision stays"}[goal]
    return {
        "Prediction": list(_prediction(comparison, technical)),
        "Change of the picture": list(_change(comparison, technical)),
        f"Goal reached ({goal})" if technical else outcome: list(_survival(comparison)),
        "Map, against the clean one": list(_explanation(comparison, technical)),
    }


def _line(row: Row, doubts: dict[str, str]) -> str:
    reason = doubts.get(row.about)
    sign = f' <abbr class="doubt" title="{escape(reason)}">!</abbr>' if reason else ""
    cells = "".join(f"<td>{_unbroken(cell)}</td>" for cell in (row.clean, row.perturbed, row.control))
    return f'<tr><th scope="row">{explained(row.name)}{sign}</th>{cells}</tr>'


def _prediction(comparison: Comparison, technical: bool) -> Iterator[Row]:
    target = comparison.target

    def row(name: str, cell: Callable[[View], str], about: str = "") -> Row:
        return Row(name, cell(comparison.clean), cell(comparison.perturbed), cell(comparison.controlled), about)

    def probability(view: View) -> str:
        value = float(view.prediction.probabilities[target])
        return f"{value:.3f}" if technical else percent(value)

    def decision(view: View) -> str:
        flagged = "flagged" if view.prediction.positive[target] else "not flagged"
        return f"{shape(view.prediction, target)} {flagged}"

    def moved(view: View) -> str:
        change = view.prediction.probabilities[target] - comparison.clean.prediction.probabilities[target]
        return "" if view is comparison.clean else points(float(change))

    threshold = float(comparison.clean.prediction.thresholds[target])
    yield row("Probability, calibrated" if technical else "Probability", probability, "prediction")
    yield row("Change of the probability", moved, "control")
    if technical:
        yield row("Threshold", lambda view: f"{view.prediction.thresholds[target]:.3f}")
        yield row("Logit", lambda view: f"{view.prediction.logits[target]:.2f}")
    yield row("Decision" if technical else f"Decision (flagged from {percent(threshold)})", decision, "decision")


def _change(comparison: Comparison, technical: bool) -> Iterator[Row]:
    def row(name: str, cell: Callable[[Perturbation], str], about: str = "") -> Row:
        return Row(name, "", cell(comparison.perturbation), cell(comparison.control), about)

    if not technical:
        yield row(
            "Largest change of a pixel",
            lambda p: f"{level(p.norms.linf_255)}/255, {gray_levels(p.norms.linf_255)}",
            "size",
        )
        return
    yield row("L-infinity", lambda p: f"{level(p.norms.linf_255)}/255", "size")
    yield row("L2", lambda p: f"{p.norms.l2:.3g}")
    yield row("SSIM", lambda p: f"{p.norms.ssim:.3f}")
    yield row("Share of pixels changed", lambda p: f"{100 * p.norms.changed:.0f} %")
    yield row("Images sent through the model", lambda p: f"{p.queries}")
    yield row("Seconds", lambda p: f"{p.seconds:.2f}")
    yield row("Seed", lambda p: f"{p.seed}")


def _survival(comparison: Comparison) -> Iterator[Row]:
    def row(name: str, *reached: bool | None) -> Row:
        return Row(name, "", *(SAID[each] for each in reached))

    both = comparison.perturbation.reached, comparison.control.reached
    yield row("As computed", *(each.as_float for each in both))
    yield row("After saving with 8 bits", *(each.saved.eight_bit if each.saved else None for each in both))
    yield row("After saving as JPEG", *(each.saved.jpeg if each.saved else None for each in both))


def _explanation(comparison: Comparison, technical: bool) -> Iterator[Row]:
    for key, score in comparison.explanation_change.items():
        if technical or key == SPOKEN_OF:
            perturbed, control = _score(score, technical), _score(comparison.control_change[key], technical)
            yield Row(MEASURES[key][technical], "", perturbed, control, "explanation")


def _score(score: Score, technical: bool) -> str:
    if math.isnan(score.value):
        return "undefined"
    if not technical:
        return f"{fraction(score.value)} ({100 * score.value:.0f} %)"
    return f"{score.value:.{1 if score.unit else 3}f} {score.unit}".strip()
