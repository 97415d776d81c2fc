"""Answers of a model in natural frequencies: of 100 pictures with the finding, so many are flagged."""

from __future__ import annotations

import math
from html import escape

import streamlit as st

from core.values import Score
from evaluation.words import finding
from model_zoo.curves import Confusion

FEW = 20  # pictures, below which a rate says little


def frequencies(title: str, label: str, answers: Confusion) -> None:
    """Two sentences, each with its icon array, and the table of counts."""
    name = finding(label)
    with_finding = _row(f"with {name}", answers.flagged_per_hundred, answers.tp, "are flagged", "right")
    without = _row(f"without {name}", answers.wrongly_flagged_per_hundred, answers.fp, "are flagged too", "wrong")
    head = f'<section class="frequencies"><h4>{escape(title)}</h4>'
    st.html(f"{head}{with_finding}{without}{_counts(name, answers)}</section>")


def of_hundred(score: Score) -> str:
    """ "93"; "all 100" and "none" where it is so, never by rounding."""
    if score.value in (0, 100):
        return "none" if score.value == 0 else "all 100"
    if score.value < 0.5:
        return "fewer than 1"
    return "more than 99" if score.value >= 99.5 else f"{score.value:.0f}"


def _row(which: str, score: Score, flagged: int, verb: str, kind: str) -> str:
    if not score.n or math.isnan(score.value):
        return f"<p>No picture {escape(which)} was in this set.</p>"
    low, high = score.interval or (score.value, score.value)
    number = of_hundred(score)
    said = {"none": "is flagged", "1": verb.replace("are", "is")}.get(number, verb)
    sentence = (
        f"Of 100 pictures {escape(which)}, <b>{number}</b> {said} "
        f'<span class="muted">(95 % interval {low:.0f} to {high:.0f}; {flagged:,} of {score.n:,} pictures)</span>.'
    )
    doubt = f' <span class="few">Only {score.n} such pictures: this says little.</span>' if score.n < FEW else ""
    return f"<p>{sentence}{doubt}</p>{_dots(score.value, kind, f'{number} of 100 {which} {said}')}"


def _dots(value: float, kind: str, said: str) -> str:
    """100 dots, the flagged ones filled, all of them only where that is so."""
    flagged = 100 if value == 100 else min(99, round(value))
    dots = f'<i class="{kind}"></i>' * flagged + "<i></i>" * (100 - flagged)
    return f'<div class="dots" role="img" aria-label="{escape(said)}">{dots}</div>'


def _counts(name: str, answers: Confusion) -> str:
    rows = ((f"With {name}", answers.tp, answers.fn), (f"Without {name}", answers.fp, answers.tn))
    lines = "".join(
        f'<tr><th scope="row">{escape(row)}</th><td>{flagged:,}</td><td>{left:,}</td><td>{flagged + left:,}</td></tr>'
        for row, flagged, left in rows
    )
    head = "".join(f'<th scope="col">{column}</th>' for column in ("Pictures", "● Flagged", "○ Not flagged", "All"))
    return f'<table class="numbers-table"><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>'
