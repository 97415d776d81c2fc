"""The threat card of a run: what it would be as a threat, in the terms of the survey, and what is known to help."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from html import escape

import streamlit as st

from core.values import Perturbation
from dashboard.components.glossary import explained
from dashboard.components.links import page
from dashboard.services.finished import Request
from dashboard.services.threats import threat_map
from defenses import DEFENSES
from evaluation.threat import ThreatCard, threat_card
from evaluation.words import gray_levels, level


def threat_section(perturbation: Perturbation, request: Request, *, technical: bool) -> None:
    """Draw the card of the perturbation that answers a request, closed at first."""
    card = threat_card(perturbation)
    with st.expander("As a threat, in the terms of the survey", key="threat"):
        lines = "".join(
            f'<tr><th scope="row">{name}</th><td>{said}</td></tr>' for name, said in _lines(card, request, technical)
        )
        st.html(f'<table class="numbers-table threat-card"><tbody>{lines}</tbody></table>')
        st.page_link(page("threats"), label="All threats and remedies: the threat map")


def _lines(card: ThreatCard, request: Request, technical: bool) -> Iterator[tuple[str, str]]:
    for name, term in (
        ("Influence", card.influence),
        ("Would violate", card.violation),
        ("Aim", card.specificity),
        ("Knowledge", card.knowledge),
        ("Stage of the pipeline", card.stage),
    ):
        head, colon, meaning = term.value.partition(":")
        without = ", but not the defense" if term is card.knowledge and request.unaware else ""
        yield name, f"<b>{escape(head.capitalize())}</b>{colon}{escape(meaning)}{without}"
    passes = "no picture" if card.queries == 0 else "1 picture" if card.queries == 1 else f"{card.queries} pictures"
    yield "Cost", f"{passes} sent through the model, {card.seconds:.1f} s"
    size = f"up to {level(card.largest_255)}/255, {gray_levels(card.largest_255)}"
    yield "Visibility", escape(size)
    if technical:
        ratio = "no change" if math.isinf(card.psnr) else f"{card.psnr:.1f} dB"
        yield explained("SSIM"), f"{card.ssim:.3f}"
        yield explained("PSNR"), ratio
        yield explained("RMS"), f"{level(card.rms_255)}/255"
    if others := [key for key in card.defenses if key != request.defense]:
        yield "To try under “Defend”", _listed(DEFENSES[key].name for key in others)
    entries = threat_map().entries
    yield "What is known to help", _listed(entries[key].name for key in card.remedies)


def _listed(names: Iterable[str]) -> str:
    return "; ".join(map(escape, names))
