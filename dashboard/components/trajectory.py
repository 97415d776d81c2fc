"""The way of an iterative attack: the probability after each of its steps."""

from __future__ import annotations

import base64
from html import escape

import streamlit as st
from scipy.special import expit

from core.values import Comparison
from evaluation.words import finding, percent

WIDTH, HEIGHT = 560, 120
FEWEST = 3  # iterates that make a way


def trajectory(comparison: Comparison, temperature: float) -> None:
    """Draw the probabilities of the iterates (logit / temperature through a sigmoid), and the threshold as a line."""
    steps = comparison.perturbation.trajectory
    if len(steps) < FEWEST:
        return
    target, prediction = comparison.target, comparison.clean.prediction
    probabilities = [float(expit(step.logits[target] / temperature)) for step in steps]
    threshold = float(prediction.thresholds[target])
    said = (
        f"Probability of {finding(prediction.labels[target])} at each of {len(steps)} iterates of the best restart, "
        f"from {percent(probabilities[0])} to {percent(probabilities[-1])}; dashed: flagged from {percent(threshold)}"
    )
    source = "data:image/svg+xml;base64," + base64.b64encode(_svg(probabilities, threshold).encode()).decode()
    st.html(
        f'<figure class="trajectory"><img src="{source}" width="{WIDTH}" height="{HEIGHT}" alt="Line chart">'
        f"<figcaption>{escape(said)}</figcaption></figure>"
    )


def _svg(probabilities: list[float], threshold: float) -> str:
    left, right, top, bottom = 44, WIDTH - 8, 8, HEIGHT - 8

    def y(probability: float) -> float:
        return bottom - (bottom - top) * probability

    points = " ".join(
        f"{left + (right - left) * k / (len(probabilities) - 1):.1f},{y(probability):.1f}"
        for k, probability in enumerate(probabilities)
    )
    scale = "".join(
        f'<text x="{left - 6}" y="{y(end) + 4:.1f}" text-anchor="end">{100 * end:.0f} %</text>'
        f'<path d="M{left} {y(end):.1f}H{right}" stroke="#2a3138"/>'
        for end in (0, 1)
    )
    line = f'<path d="M{left} {y(threshold):.1f}H{right}" stroke="#9aa7b1" stroke-dasharray="5 4"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="12" fill="#9aa7b1">{scale}{line}'
        f'<polyline points="{points}" fill="none" stroke="#2dd4bf" stroke-width="2"/></svg>'
    )
