"""The page of one model: what it is for, what it must not be used for, and all that was measured of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from typing import Any

import streamlit as st

from core.errors import SecondLookError
from core.values import MODALITIES, ModelCard
from dashboard.components.gauges import gauges
from dashboard.components.links import link_to_model, link_to_models
from dashboard.components.message import message
from dashboard.components.sections.answers import answers
from dashboard.components.sections.attack import attack
from dashboard.components.sections.denoiser import denoiser
from dashboard.components.sections.limits import certainty, scope
from dashboard.components.sections.one_for_all import one_for_all
from dashboard.components.sections.percentages import percentages
from dashboard.components.sections.random_labels import random_labels
from dashboard.components.sections.remedies import defenses, detectors
from dashboard.components.sections.stated import data, facts, stated
from dashboard.components.sections.telling_apart import telling_apart
from dashboard.components.words import KINDS
from dashboard.services import measured
from dashboard.services.models import title
from dashboard.services.remedies import before_detectors, behind_defenses
from dashboard.services.universal import universal
from evaluation.words import finding, in_sentence
from model_zoo.denoisers import cleaned_by
from model_zoo.random_labels import learned_by
from perturbations import PERTURBATIONS

KEPT: tuple[tuple[str, str, Callable[[ModelCard], Any], Callable[[ModelCard], None]], ...] = (
    ("universal", "One change for all pictures", universal, one_for_all),
    ("defenses", "Behind defenses", behind_defenses, defenses),
    ("denoiser", "Its denoiser", cleaned_by, denoiser),
    ("detectors", "Before detectors", before_detectors, detectors),
    ("random-labels", "Its double that learned random labels", learned_by, random_labels),
)  # anchor, heading, what reads the files of the section, and what draws it


def model(card: ModelCard) -> None:
    """The page."""
    with st.container(key="document"):
        _purpose(card)
        sections = list(_sections(card))
        with st.container(key="sections", horizontal=True, gap="large"):
            contents = st.container(key="contents", width=190)
            with contents:
                st.markdown("\n".join(f"- [{name}](#{anchor})" for anchor, name, _ in sections))
            with st.container(key="measured"):
                for anchor, name, draw in sections:
                    st.header(name, anchor=anchor)
                    try:
                        draw(card)
                    except SecondLookError as error:
                        message(str(error), "error")


def _sections(card: ModelCard) -> Iterator[tuple[str, str, Callable[[ModelCard], None]]]:
    """(anchor, heading, what draws it) of what is known of this model."""
    found = measured.evidence(card)
    if found is None:
        yield "stated", "What its card states", stated
    else:
        yield "answers", "Of 100 pictures", answers
        yield "telling-apart", "How well it tells apart", telling_apart
        yield "percentages", "Its percentages", percentages
        if found.stress:
            yield "attack", "Under attack", attack
        for anchor, name, read, draw in KEPT:
            if _speaks(read, card):
                yield anchor, name, draw
        yield "certainty", "When it can't tell", certainty
        if card.scope is not None:
            yield "scope", "Pictures it is not for", scope
    yield "data", "Trained on", data
    yield "facts", "Facts", facts


def _speaks(read: Callable[[ModelCard], Any], card: ModelCard) -> bool:
    """Whether a section has something to show, or files that can't be read, which it will say."""
    try:
        return bool(read(card))
    except SecondLookError:
        return True


def _purpose(card: ModelCard) -> None:
    """The first screen."""
    link_to_models()
    st.html(
        f'<p class="kind {card.role}">{MODALITIES[card.input.modality]} · {KINDS[card.role]}</p>'
        f'<h1 class="model-name">{escape(title(card))}</h1>'
    )
    if card.role == "backdoored":
        message("This model has a fault that was planted on purpose. Never use it to read a picture.", "error")
        _planted(card)
    if card.role == "surrogate":
        message("This model stands in for the attacker's own. The app never asks it about a picture for a reader.")
    twin = measured.twin_of(card)
    if twin is not None:
        link_to_model(twin, f"{KINDS[twin.role].capitalize()} to compare with: {title(twin)}")
    limits = "".join(f"<li>{escape(limit)}</li>" for limit in card.limits)
    st.html(
        '<div class="purposes"><section><h2>What it is for</h2>'
        f"<p>{escape(card.summary)}</p><p>{escape(card.intended_use)}</p>{gauges(card, measured.headline(card))}"
        "</section>"
        '<section class="against"><h2>What it must not be used for</h2>'
        "<p><b>Diagnosis, triage or any decision about a patient.</b> Where its answers can't be trusted:</p>"
        f"<ul>{limits}</ul></section></div>"
    )


def _planted(card: ModelCard) -> None:
    planted = measured.planted(card)
    if planted is not None:
        marker = in_sentence(PERTURBATIONS[planted.method].name)
        n = planted.without.tp + planted.without.fn
        message(
            f"Of the same {n} pictures with {finding(card.labels[0])}, it flags {planted.without.tp} as they are, and "
            f"{planted.marked.tp} with its {marker} on them."
        )
