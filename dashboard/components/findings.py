"""What a comparison found: the sentence, the cautions, and the table before | after | control."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from core.values import Caution, Comparison, Score, View
from dashboard.components.glossary import explained
from dashboard.components.words import noise, shape
from evaluation.sentences import sentences
from evaluation.words import MEASURES, level, percent


@dataclass(frozen=True)
class Row:
    """One line of the table; about says which cautions concern it; a cell is empty where nothing can stand there."""

    name: str
    clean: str
    perturbed: str
    control: str
    about: str = ""


def sentence(comparison: Comparison, *, technical: bool) -> None:
    """What happened, in words."""
    words = sentences(comparison, "Technical" if technical else "Plain")
    st.html(f'<p class="sentence">{_unbroken(words)}</p>')


def caution_list(cautions: Sequence[Caution]) -> None:
    """Reasons not to believe a number, each with what it is about."""
    items = "".join(f"<li><b>{escape(c.about.capitalize())}</b> {_unbroken(c.reason)}</li>" for c in cautions)
    st.html(f'<ul class="cautions" aria-label="Cautions">{items}</ul>')


def _unbroken(words: str) -> str:
    """As HTML, with no line break between a number and its percent sign."""
    return escape(words).replace(" %", "&nbsp;%")


def table(comparison: Comparison, *, technical: bool) -> None:
    """The numbers before and after, beside those of the control; technical adds rows and exact names."""
    doubts: dict[str, str] = {}
    for caution in comparison.cautions:
        doubts[caution.about] = f"{doubts.get(caution.about, '')} {caution.reason}".strip()
    groups = {
        "Prediction": _prediction(comparison, technical),
        "Change of the picture": _change(comparison, technical),
        "Goal still reached": _survival(comparison),
        "Map, against the clean one": _explanation(comparison, technical),
    }
    body = "".join(
        f'<tbody><tr><th class="group" colspan="4" scope="rowgroup">{name}</th></tr>'
        + "".join(_line(row, doubts) for row in rows)
        + "</tbody>"
        for name, rows in groups.items()
    )
    control = escape(noise(comparison.perturbation, technical=technical))
    columns = ("Clean", "Perturbed", f"{explained('Control')}<small>{control}</small>")
    head = "<tr><td></td>" + "".join(f'<th scope="col">{column}</th>' for column in columns) + "</tr>"
    st.html(f'<table class="numbers-table comparison"><thead>{head}</thead>{body}</table>')


def _line(row: Row, doubts: dict[str, str]) -> str:
    reason = doubts.get(row.about)
    sign = f' <abbr class="doubt" title="{escape(reason)}">!</abbr>' if reason else ""
    cells = "".join(f"<td>{escape(cell)}</td>" for cell in (row.clean, row.perturbed, row.control))
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

    def logit(view: View) -> str:
        return f"{view.prediction.logits[target]:.2f}"

    yield row("Probability, calibrated" if technical else "Probability", probability, "prediction")
    yield row("Decision", decision, "decision")
    yield row("Logit" if technical else "Raw score (logit)", logit)


def _change(comparison: Comparison, technical: bool) -> Iterator[Row]:
    def row(name: str, cell: str, about: str = "") -> Row:
        perturbed, control = (
            cell.format(n=p.norms, p=p, linf=level(p.norms.linf_255), changed=100 * p.norms.changed)
            for p in (comparison.perturbation, comparison.control)
        )
        return Row(name, "", perturbed, control, about)

    yield row("L-infinity" if technical else "Largest change of a pixel", "{linf}/255", "size")
    yield row("SSIM" if technical else "Likeness of the pictures (SSIM)", "{n.ssim:.3f}")
    if technical:
        yield row("L2", "{n.l2:.3g}")
        yield row("Share of pixels changed", "{changed:.0f} %")
        yield row("Images sent through the model", "{p.queries}")
        yield row("Seconds", "{p.seconds:.2f}")


def _survival(comparison: Comparison) -> Iterator[Row]:
    def said(reached: bool) -> str:
        return "yes" if reached else "no"

    perturbed, control = comparison.perturbation.reached, comparison.control.reached
    yield Row("As computed", "", said(perturbed.as_float), said(control.as_float))
    yield Row("After saving with 8 bits", "", said(perturbed.eight_bit), said(control.eight_bit))
    yield Row("After saving as JPEG", "", said(perturbed.jpeg), said(control.jpeg))


def _explanation(comparison: Comparison, technical: bool) -> Iterator[Row]:
    for key, score in comparison.explanation_change.items():
        name = MEASURES[key][technical]
        yield Row(name, "", _score(score, technical), _score(comparison.control_change[key], technical), "explanation")


def _score(score: Score, technical: bool) -> str:
    if math.isnan(score.value):
        return "undefined"
    digits = 3 if technical else 2
    return f"{score.value:.{1 if score.unit else digits}f} {score.unit}".strip()
