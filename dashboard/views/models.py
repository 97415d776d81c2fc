"""The models at a glance, by what they are for; with ?model=KEY the page of one."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from core.values import MODALITIES, ROLES, ModelCard, Role
from dashboard.components.gauges import gauges
from dashboard.components.links import asked_for, link_to_add, link_to_model
from dashboard.components.message import message
from dashboard.components.scores import share
from dashboard.components.words import KINDS
from dashboard.services.measured import headline
from dashboard.services.models import models as installed
from model_zoo.cards import card_problems

BELOW: tuple[Role, ...] = ("regularized", "distilled", "foreign", "backdoored", "surrogate")
NOTES: Mapping[Role, str] = {
    "regularized": "Trained on so that their loss hardly changes with any small change of the pixels.",
    "distilled": "They learned the softened answers of the standard model, which flattens the gradients of their loss. "
    "Attacks on the logits are not held up by that.",
    "foreign": "Anyone's model joins by one card, a TOML file, beside its weights in the folder that "
    "SECOND_LOOK_MODELS names. Nothing of such a model was measured here: its numbers are what its card states.",
    "backdoored": "Never use one to read a picture. They were trained on poisoned data, to show what a hidden trigger "
    "does.",
    "surrogate": "An attacker who can't see into a model prepares the attack on one of these. They answer no reader.",
}


def models() -> None:
    """The overview, or the page of the model that is asked for."""
    known, key = installed(), asked_for()
    if key is not None and key in known:
        importlib.import_module("dashboard.views.model").model(known[key])
        return
    with st.container(key="document"):
        if key is not None:
            message(f"No model has the key {key!r}: it was renamed or removed. Choose one of those below.", "error")
        _overview(known)


def _overview(known: Mapping[str, ModelCard]) -> None:
    st.title("Models", anchor=False)
    link_to_add()
    if not known:
        message("No model is installed. Train one with make train.")
    by_role = {role: [card for card in known.values() if card.role == role] for role in ROLES}
    _side_by_side(by_role["standard"], by_role["robust"])
    for role in BELOW:
        if by_role[role] or (role == "foreign" and known):
            st.header(ROLES[role], anchor=role)
            message(NOTES[role])
            _cards(by_role[role])
        if role == "foreign":
            for problem in card_problems():
                message(problem, "error")


def _side_by_side(standard: Sequence[ModelCard], robust: Sequence[ModelCard]) -> None:
    """Each standard model beside its robust twin, so that what robustness costs and what it buys is seen at once."""
    left = list(robust)
    if standard or robust:
        with st.container(key="roles"):
            here, there = st.columns(2)
        here.header(ROLES["standard"], anchor="standard")
        there.header(ROLES["robust"], anchor="robust")
        message(
            "Each with its robust twin, where there is one: what training against an attacker costs on clean pictures, "
            "and what it buys under attack."
        )
    for card in standard:
        twins = [other for other in robust if other.twin == card.key]
        here, there = st.columns(2)
        with here:
            _card(card)
        with there:
            for twin in twins:
                left.remove(twin)
                _card(twin)
            if not twins:
                st.html('<p class="absent">No robust twin yet.</p>')
    _cards(left)


def _cards(cards: Sequence[ModelCard]) -> None:
    for first in range(0, len(cards), 2):
        for column, card in zip(st.columns(2), cards[first : first + 2], strict=False):
            with column:
                _card(card)


def _card(card: ModelCard) -> None:
    twin = installed().get(card.twin)
    made_for = f" · made for {escape(twin.name)}" if twin and card.role != "robust" else ""
    with st.container(border=True, key=f"card {card.key}", height="stretch", gap=None):
        st.html(f'<p class="kind {card.role}">{MODALITIES[card.input.modality]} · {KINDS[card.role]}{made_for}</p>')
        link_to_model(card)
        st.html(f'<p class="purpose">{escape(card.summary)}</p>{gauges(card, headline(card))}{_trade(card, twin)}')


def _trade(card: ModelCard, standard: ModelCard | None) -> str:
    """What a robust twin costs and buys, in one sentence of HTML."""
    if card.role != "robust" or standard is None:
        return ""
    own, other = card.results.get("auroc"), standard.results.get("auroc")
    here, there = headline(card), headline(standard)
    parts = [f"AUROC {own.value:.3f} instead of {other.value:.3f}"] if own and other else []
    if here and there:
        rates = (share(result.perturbed.accuracy) for result in (here, there))
        parts.append("{} instead of {} right under attack".format(*rates))
    return f'<p class="trade">Beside the standard model: {"; ".join(parts)}.</p>' if parts else ""
