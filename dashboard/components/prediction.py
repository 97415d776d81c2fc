"""The prediction panel: what the model says, before and after, and what equal noise does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeVar

import streamlit as st

from core.values import Case, Comparison, ModelCard, Prediction
from dashboard.components.glossary import GLOSSARY
from dashboard.components.segments import pick_one
from dashboard.components.words import shape
from dashboard.state import of_model
from evaluation.coverage import COVERAGES, answer_in_words, conformal_of
from evaluation.words import finding, percent
from model_zoo.conformal import Conformal

T = TypeVar("T")

USUAL_COVERAGE = 0.9


@dataclass(frozen=True)
class Reading:
    """How probabilities are read: flagged from the threshold of an operating point; and, where the model has validation
    results, what they leave certain at a coverage."""

    point: str
    conformal: Conformal | None
    coverage: float


def pick_reading(card: ModelCard) -> Reading:
    """Pickers of the operating point and of the coverage, where there is a choice."""
    point, *others = card.operating_points
    if others:
        point = _pick("Operating point", [point, *others], point, str.capitalize, card)
    conformal = conformal_of(card)
    coverages = [share for share in COVERAGES if conformal and share <= conformal.highest_coverage]
    if not coverages:
        return Reading(point, None, USUAL_COVERAGE)
    usual = USUAL_COVERAGE if USUAL_COVERAGE in coverages else coverages[0]
    return Reading(point, conformal, _pick("Coverage", coverages, usual, _share, card))


def _pick(label: str, options: Sequence[T], usual: T, said: Callable[[T], str], card: ModelCard) -> T:
    return pick_one(
        label,
        options,
        usual,
        format_func=said,
        key=of_model(card.key, label.lower()),
        persist_state="session",
        width="stretch",
        help=GLOSSARY[label],
    )


def _share(coverage: float) -> str:
    return f"{100 * coverage:g} %"


def prediction_panel(
    card: ModelCard,
    case: Case,
    target: int,
    reading: Reading,
    clean: Prediction | None,
    comparison: Comparison | None,
    behind: str,
    *,
    stale: bool,
) -> None:
    """Draw the panel; clean is known before comparison is, and both may be missing.

    behind: what stands before the model, in words, for which no coverage was measured; empty where nothing does.
    """
    if comparison is not None:
        clean = comparison.clean.prediction
    label = card.labels[target]
    parts = [f'<div class="finding">{escape(finding(label))}</div>']
    parts.append(_numbers(clean, comparison, target))
    parts.append(_bar(card.thresholds(reading.point)[target], reading.point, clean, comparison, target))
    parts.append(_decision(clean, comparison, target))
    if behind:
        said = f"{behind} Thresholds and percentages were set without it."
        parts.append(f'<div class="line muted">{escape(said)}</div>')
    else:
        parts.append(_certain(reading, clean, comparison, target))
    parts.append(_control(comparison, target))
    truth = case.truth.get(label)
    if truth is not None:
        known = finding(label) if truth else f"no {finding(label)}"
        parts.append(f'<div class="line muted">Known truth of this case: {escape(known)}</div>')
    state = " stale" if stale else ""
    st.html(f'<section class="prediction{state}" aria-label="Prediction" aria-live="polite">{"".join(parts)}</section>')


def _numbers(clean: Prediction | None, comparison: Comparison | None, target: int) -> str:
    if clean is None:
        return '<div class="numbers waiting">–</div>'
    before = _large(clean, target)
    if comparison is None:
        return f'<div class="numbers">{before}</div>'
    after = _large(comparison.perturbed.prediction, target)
    return (
        f'<div class="numbers"><span title="clean">{before}</span><span class="arrow" aria-label="changes to">→</span>'
        f'<span title="perturbed">{after}</span></div>'
    )


def _large(prediction: Prediction, target: int) -> str:
    qualifier, _, number = percent(prediction.probabilities[target]).removesuffix(" %").rpartition(" ")
    return f"<small>{qualifier}</small> {number} %"


def _bar(threshold: float, point: str, clean: Prediction | None, comparison: Comparison | None, target: int) -> str:
    markers = ""
    if clean is not None:
        markers += _marker("before", clean, target)
    if comparison is not None:
        markers += _marker("after", comparison.perturbed.prediction, target)
    place = 100 * threshold
    side = "left" if threshold < 0.5 else "right"
    said = f"flagged from {percent(threshold)}, {escape(point)} point"
    return (
        '<div class="bar"><div class="track"></div>'
        f'<div class="threshold" style="left:{place:.1f}%"></div>{markers}</div>'
        f'<div class="flagged-from {side}" style="--at:{place:.1f}%">{said}</div>'
    )


def _marker(name: str, prediction: Prediction, target: int) -> str:
    look = "filled" if prediction.positive[target] else "hollow"
    return f'<div class="marker {name} {look}" style="left:{100 * prediction.probabilities[target]:.1f}%"></div>'


def _decision(clean: Prediction | None, comparison: Comparison | None, target: int) -> str:
    if clean is None:
        return '<div class="decision">&nbsp;</div>'
    if comparison is None:
        return f'<div class="decision">{shape(clean, target)} {_said(clean, target)}</div>'
    after = comparison.perturbed.prediction
    if comparison.flipped:
        course = f"{shape(clean, target)} {_said(clean, target)} → {shape(after, target)} {_said(after, target)}"
        return f'<div class="decision"><b class="flips">Decision flips</b><span>{course}</span></div>'
    course = f"{shape(after, target)} still {_said(after, target)}"
    return f'<div class="decision"><b class="holds">Decision holds</b><span>{course}</span></div>'


def _certain(reading: Reading, clean: Prediction | None, comparison: Comparison | None, target: int) -> str:
    if reading.conformal is None:
        return ""
    if clean is None:
        return '<div class="line">&nbsp;</div>'
    predictions = [clean] if comparison is None else [clean, comparison.perturbed.prediction]
    answers = (
        reading.conformal.answer(float(prediction.probabilities[target]), reading.coverage)
        for prediction in predictions
    )
    said = " → ".join(escape(answer_in_words(answer)) for answer in answers)
    return f'<div class="line">At {_share(reading.coverage)} coverage: <b>{said}</b></div>'


def _control(comparison: Comparison | None, target: int) -> str:
    if comparison is None:
        return '<div class="line">&nbsp;</div>'
    noisy = comparison.controlled.prediction
    flips = comparison.clean.prediction.positive[target] != noisy.positive[target]
    course = "flips too" if flips else "holds"
    return (
        '<div class="line">Random noise, same size: '
        f"<b>{percent(noisy.probabilities[target])} {shape(noisy, target)}</b> {course}</div>"
    )


def _said(prediction: Prediction, target: int) -> str:
    return "flagged" if prediction.positive[target] else "not flagged"
