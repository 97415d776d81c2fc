"""The models of this installation, and those that a session added for itself; ask in the script thread only."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.values import Modality, ModelCard, Role
from dashboard.services.cases import current_entry, first_case
from dashboard.services.own import OwnModels
from dashboard.state import CASE, FOLLOWS, MODEL, held
from model_zoo.cards import cards

OFFERED: tuple[Role, ...] = ("standard", "robust", "regularized", "distilled", "foreign", "backdoored")


def models() -> Mapping[str, ModelCard]:
    """{key: card} of every model, in the order of the cards, this session's own last."""
    return {card.key: card for card in (*cards(), *held(OwnModels).cards())}


def offered() -> Mapping[str, ModelCard]:
    """Those that a reader may ask, by role; surrogates are only ever the attacker's."""
    known = [card for card in models().values() if card.role in OFFERED]
    return {card.key: card for card in sorted(known, key=lambda card: OFFERED.index(card.role))}


def models_for(modality: Modality) -> list[str]:
    """Keys of the offered models that read this kind of picture."""
    return [key for key, card in offered().items() if card.input.modality == modality]


def default_for(modality: Modality) -> str | None:
    """The model to begin with; never one with a planted fault."""
    its_kind_first = sorted(offered().values(), key=lambda card: card.input.modality != modality)
    return next((card.key for card in its_kind_first if card.role != "backdoored"), None)


def title(card: ModelCard) -> str:
    """The name, with the mark that a model with a planted fault, or one that was uploaded, must carry."""
    if card.key in held(OwnModels).classifiers:
        return f"Uploaded, not measured here: {card.name}"
    return f"Planted fault: {card.name}" if card.role == "backdoored" else card.name


def choose(card: ModelCard, *, keep_case: bool = False) -> None:
    """Choose a model, and unless the case is to be kept, one of its kind in place of one of another kind; call before
    the pickers are drawn."""
    entry, modality = current_entry(), card.input.modality
    if not keep_case and entry is not None and entry.case.modality != modality:
        st.session_state[CASE] = first_case(modality) or entry.case.id
        entry = current_entry()
    st.session_state[MODEL] = card.key
    st.session_state[FOLLOWS] = entry.case.modality if entry else None
