"""What the card of a model states: its data, its facts and, where nothing was measured, its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import streamlit as st

from core.values import MODALITIES, DataSource, ModelCard
from dashboard.components.glossary import explained
from dashboard.components.message import literal, message
from dashboard.components.scores import count, interval, is_rate, measure, percents, share
from dashboard.components.tables import table
from dashboard.services import measured
from dashboard.state import technical
from evaluation.words import finding, percent


def stated(card: ModelCard) -> None:
    """The numbers of a card without evidence."""
    origin = "It comes from elsewhere, and its card was not checked." if card.role == "foreign" else ""
    message(f"Nothing was measured here: there are no outputs from which curves could be drawn. {origin}".strip())
    if card.results:
        _results(card)
    else:
        message("Its card states no numbers either.")


def _results(card: ModelCard) -> None:
    st.caption(literal(card.test_split))
    rows = [
        (
            measure(key),
            share(score) if is_rate(key) else f"{score.value:.3f}",
            percents(score) if is_rate(key) else interval(score),
            count(score),
        )
        for key, score in card.results.items()
    ]
    table(("Measure", "Value", explained("95 % interval"), "n"), rows)


def data(card: ModelCard) -> None:
    """What the model was trained on."""
    table(
        ("Data", "Pictures", "License"),
        [(_source(source), f"{source.images:,}", escape(source.license)) for source in card.training],
        texts=[2],
    )


def _source(source: DataSource) -> str:
    if not source.link.startswith(("https://", "http://")):
        return escape(source.name)
    return f'<a href="{escape(source.link)}" target="_blank" rel="noopener">{escape(source.name)}</a>'


def facts(card: ModelCard) -> None:
    """What it reads, from where it flags, and its license."""
    table(("", ""), list(_fact_rows(card)))
    if technical() and measured.evidence(card) is not None:
        st.subheader("All numbers of its card", anchor=False)
        _results(card)


def _fact_rows(card: ModelCard) -> Iterator[tuple[str, str]]:
    yield "Reads", escape(MODALITIES[card.input.modality])
    for point in card.operating_points:
        for label, threshold in zip(card.labels, card.thresholds(point), strict=True):
            yield f"Flags {escape(finding(label))} from, {escape(point)} point", percent(threshold)
    yield "Picture it sees", f"{card.input.size} × {card.input.size} px, {_color(card)}"
    yield "License of the weights", escape(card.license)
    if technical():
        yield "Architecture", escape(card.architecture)
        yield "Temperature", f"{card.temperature:.3f}"
        yield "Fit", card.input.fit
        yield "Limit of the feature distance", f"{card.scope:.3f}" if card.scope is not None else "none"
        yield "Weights (sha256)", f"<code>{card.sha256[:16]}…</code>" if card.sha256 else "not given"


def _color(card: ModelCard) -> str:
    return "gray" if card.input.channels == 1 else "color"
