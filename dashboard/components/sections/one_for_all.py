"""One change for all pictures: how many decisions of a model it flips, and what it looks like."""

from __future__ import annotations

from html import escape

import streamlit as st

from core.values import Direction, ModelCard, Score
from dashboard.components.links import link_to_attack
from dashboard.components.message import message
from dashboard.components.scores import count, share_with_interval
from dashboard.components.tables import table
from dashboard.services.universal import universal
from evaluation.universal import Flips
from evaluation.words import finding
from perturbations import PERTURBATIONS

VERBS: dict[Direction, str] = {"hide": "Hidden", "induce": "Induced"}


def one_for_all(card: ModelCard) -> None:
    """Flip rates of the two changes beside those of random ones of equal size, and their pictures."""
    found = universal(card)
    if found is None:
        return
    label = finding(card.labels[0])
    message(
        f"Two changes, one that hides {label} and one that induces it, were computed once from validation pictures. "
        "Added to a test picture that they were not made from, how often do they flip the decision? Equal noise is the "
        "same changes with their signs drawn at random: each pixel changes as much, without a plan."
    )
    head = ("Largest change", *(name for verb in VERBS.values() for name in (verb, "Equal noise", "n")))
    table(head, [(f"{each.epsilon:g}/255", *_cells(each)) for each in found.flips])
    st.caption(
        "Hidden: of the pictures that are flagged. Induced: of those that are not. In parentheses: 95 % intervals."
    )
    figures = "".join(
        f'<figure><img src="{source}" alt="{escape(said)}"><figcaption>{escape(said)}</figcaption></figure>'
        for way, source in found.pictures.items()
        for said in [f"The change to {way} {label}, magnified to the full range; mid-gray is no change"]
    )
    st.html(f'<div class="changes">{figures}</div>')
    link_to_attack(
        card, "universal", found.flips[-1].epsilon, f"Try it on a picture: {PERTURBATIONS['universal'].name}"
    )


def _cells(each: Flips) -> list[str]:
    return [cell for way in VERBS for cell in _row(each.change.get(way), each.control.get(way))]


def _row(change: Score | None, control: Score | None) -> tuple[str, str, str]:
    if change is None or control is None:
        return "–", "–", "0"
    return share_with_interval(change), share_with_interval(control), count(change)
