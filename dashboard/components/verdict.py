"""The verdict on a model that was tried out, line by line: in words and shapes."""

from __future__ import annotations

from html import escape

import streamlit as st

from model_zoo.checks import Verdict

SIGNS = {"passed": "✓ Passed", "failed": "✕ Failed", "note": "– Note"}
TRIED = (
    "the card names as many labels as the network has outputs",
    "black, white and noisy pictures give finite logits, and different ones",
    "the same picture gives the same logits twice, and alone as in a batch",
    "the outputs are logits, not probabilities",
    "a gradient flows back to the picture, where attacks and maps need one",
)


def verdict_heading(name: str, verdict: Verdict) -> None:
    """Draw whether the model can be used."""
    failed = sum(line.outcome == "failed" for line in verdict.lines)
    why = "nothing failed" if verdict.usable else "1 check failed" if failed == 1 else f"{failed} checks failed"
    can = "Can be used" if verdict.usable else "Can't be used"
    st.html(f'<div role="status"><p class="kind">{escape(name)}</p><h2 class="verdict">{can}: {why}</h2></div>')


def verdict_list(verdict: Verdict) -> None:
    """Draw what was tried, in order."""
    items = "".join(
        f'<li class="{line.outcome}"><b>{SIGNS[line.outcome]}</b><span>{escape(line.sentence)}</span></li>'
        for line in verdict.lines
    )
    st.html(f'<ul class="verdict" aria-label="Verdict">{items}</ul>')


def verdict_to_come() -> None:
    """Draw what will be tried, where there is no verdict yet."""
    items = "".join(f"<li><b>○</b><span>{item}</span></li>" for item in TRIED)
    st.html(f'<h2 class="verdict waiting">Then it is checked whether</h2><ul class="verdict waiting">{items}</ul>')
