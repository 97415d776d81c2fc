"""The models: what each is for, what it was trained on, how well it did, and where it must not be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import streamlit as st

from core.values import MODALITIES, DataSource, ModelCard, Score
from dashboard.components.glossary import explained
from dashboard.components.message import message
from dashboard.components.tables import table
from dashboard.services.models import models as installed
from dashboard.state import technical
from evaluation.words import finding, percent

MEASURES = {"auroc": "AUROC"}
RATES = ("sensitivity", "specificity")


def models() -> None:
    """The page."""
    with st.container(key="document"):
        st.title("Models", anchor=False)
        if not installed():
            message("No model is installed. Train one with make train.")
        for card in installed().values():
            with st.container(border=True, key=f"card {card.key}"):
                _card(card)


def _card(card: ModelCard) -> None:
    st.header(card.name, anchor=card.key)
    st.markdown(card.summary)
    measured, origin = st.columns(2, gap="large")
    with measured:
        st.subheader("Measured", anchor=False)
        st.caption(card.test_split)
        rows = [
            (_measure(name), _value(name, score), _interval(name, score), _count(score))
            for name, score in card.results.items()
        ]
        table(("Measure", "Value", explained("95 % interval"), "n"), rows)
    with origin:
        st.subheader("Trained on", anchor=False)
        table(
            ("Data", "Images", "License"),
            [(_source(source), f"{source.images:,}", escape(source.license)) for source in card.training],
        )
        st.subheader("Facts", anchor=False)
        table(("", ""), list(_facts(card)))
    st.subheader("Intended use", anchor=False)
    st.markdown(card.intended_use)
    st.subheader("Limits", anchor=False)
    st.markdown("\n".join(f"- {limit}" for limit in card.limits))


def _source(source: DataSource) -> str:
    if not source.link.startswith(("https://", "http://")):
        return escape(source.name)
    return f'<a href="{escape(source.link)}">{escape(source.name)}</a>'


def _facts(card: ModelCard) -> Iterator[tuple[str, str]]:
    yield "Reads", escape(MODALITIES[card.input.modality])
    for label, threshold in zip(card.labels, card.thresholds, strict=True):
        yield f"Flags {escape(finding(label))} from", percent(threshold)
    yield (
        "Picture it sees",
        f"{card.input.size} × {card.input.size} px, {'gray' if card.input.channels == 1 else 'color'}",
    )
    yield "License of the weights", escape(card.license)
    if technical():
        yield "Architecture", escape(card.architecture)
        yield "Temperature", f"{card.temperature:.3f}"
        yield "Fit", card.input.fit
        yield "Weights (sha256)", f"<code>{card.sha256[:16]}…</code>"


def _measure(name: str) -> str:
    return explained(MEASURES.get(name, name.replace("_", " ").replace("auroc", "AUROC").capitalize()))


def _value(name: str, score: Score) -> str:
    if name in RATES and score.n is not None and not technical():
        return f"{round(score.value * score.n):,} of {score.n:,}"
    return f"{score.value:.3f}"


def _interval(name: str, score: Score) -> str:
    if score.interval is None:
        return ""
    low, high = score.interval
    if name in RATES and not technical():
        return f"{100 * low:.0f} to {100 * high:.0f} %"
    return f"{low:.3f} to {high:.3f}"


def _count(score: Score) -> str:
    return f"{score.n:,}" if score.n is not None else ""
