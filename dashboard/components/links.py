"""Links between pages: addresses that can be sent, and "back" works."""

from __future__ import annotations

import streamlit as st

from core.values import ModelCard
from dashboard.components.message import literal
from dashboard.services.cases import bundled
from dashboard.services.models import title

PARAMETER = "model"
EXPLAINER = "grad_cam"  # of links to Look


def link_to_model(card: ModelCard, label: str | None = None) -> None:
    """To the page of a model, by default under its name."""
    st.page_link(page("models"), label=literal(label or title(card)), query_params={PARAMETER: card.key})


def link_to_models() -> None:
    """To the overview."""
    st.page_link(page("models"), label="‹ All models")


def link_to_add() -> None:
    """To the page that takes a reader's own model."""
    st.page_link(page("add"), label="Add a model")


def link_to_attack(card: ModelCard, method: str, epsilon: float, label: str) -> None:
    """To a bundled case for a model, attacked: the first whose truth is known. With all that Look writes down of it, so
    that the address stays and one step back leads here."""
    cases = [entry for entry in bundled() if entry.case.modality == card.input.modality]
    case = min(cases, key=lambda entry: card.labels[0] not in entry.case.truth).slug
    query = {"case": case, PARAMETER: card.key, "explainer": EXPLAINER, "attack": method, "epsilon": f"{epsilon:g}"}
    st.page_link(page("look"), label=label, query_params=query)


def asked_for() -> str | None:
    """The key of the model whose page was asked for.

    It is stated again, because a link within one page changes what Streamlit knows but not the address in the browser,
    and the next click would go back to the overview. Where the address is right already, nothing happens.
    """
    key = st.query_params.get(PARAMETER)
    if key is None:
        st.query_params.clear()
    else:
        st.query_params[PARAMETER] = key
    return key


def page(name: str) -> st.Page:
    """A page to link to; Streamlit knows it by its name.

    The first one too: Streamlit would leave its address empty, and a new tab would open the page the link stands on.
    dashboard/server.py knows /look.
    """
    return st.Page(lambda: None, title=title_of(name), url_path=name)


def title_of(name: str) -> str:
    """What a page is called in the bar and in the tab of the browser."""
    return "Threat map" if name == "threats" else name.capitalize()
