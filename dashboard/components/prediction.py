"""The prediction panel: what the model says, before and after, and what equal noise does."""

from __future__ import annotations

from html import escape

import streamlit as st

from core.values import Case, Comparison, ModelCard, Prediction
from dashboard.components.words import shape
from evaluation.words import finding, percent


def prediction_panel(
    card: ModelCard, case: Case, target: int, clean: Prediction | None, comparison: Comparison | None, *, stale: bool
) -> None:
    """Draw the panel; clean is known before comparison is, and both may be missing."""
    if comparison is not None:
        clean = comparison.clean.prediction
    parts = [f'<div class="finding">{escape(finding(card.labels[target]))}</div>']
    parts.append(_numbers(clean, comparison, target))
    parts.append(_bar(card.thresholds[target], clean, comparison, target))
    parts.append(_decision(clean, comparison, target))
    parts.append(_control(comparison, target))
    truth = case.truth.get(card.labels[target])
    if truth is not None:
        known = finding(card.labels[target]) if truth else f"no {finding(card.labels[target])}"
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


def _bar(threshold: float, clean: Prediction | None, comparison: Comparison | None, target: int) -> str:
    markers = ""
    if clean is not None:
        markers += _marker("before", clean, target)
    if comparison is not None:
        markers += _marker("after", comparison.perturbed.prediction, target)
    place = 100 * threshold
    side = "left" if threshold < 0.5 else "right"
    return (
        '<div class="bar"><div class="track"></div>'
        f'<div class="threshold" style="left:{place:.1f}%"></div>{markers}</div>'
        f'<div class="flagged-from {side}" style="--at:{place:.1f}%">flagged from {percent(threshold)}</div>'
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
