"""Do maps point at the finding? The scores of place of every method, on outlined pictures."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import streamlit as st

from core.values import ModelCard, Score
from dashboard.components.message import message
from dashboard.components.segments import pick_one
from dashboard.services.localized import Measured, against_twin, measured, measured_sets
from evaluation.localize import CENTER, RANDOM, SCORES
from evaluation.localized import Row, sentence, sign
from evaluation.marked import NAMES
from evaluation.words import percent
from explainers import EXPLAINERS
from explainers.metrics import MEASURES

INTRODUCTION = """
Each method explained the score of pictures whose finding is outlined, and each map was scored by how well its place
agrees with the outline. No map was smoothed for it, and evidence against the finding counts as the lowest; where the
sign of a map tells darker from brighter instead, its size counts. Two maps that know neither model nor picture stand
beside them: random values, and a blob in the center. **The blob is a strong rival**: a melanoma fills the middle of
most pictures, so pointing to the center is right without knowing anything. A method has shown something only where it
does better.

A low score can be the model's doing: where the model looks elsewhere, a true map points elsewhere too. None of the
pictures was used in training; but drawn ones of the same kind were, and on those models and maps look too good.
"""
KEY = (
    "▲ better and ▼ worse than the central blob on the same pictures: the 95 % interval of the mean difference "
    "excludes 0. In brackets: the 95 % interval of each mean, by the bootstrap over patients or lesions. Of twenty "
    "comparisons where nothing differs, about one comes out by chance alone."
)
MARKS = {1: "▲ ", -1: "▼ ", 0: ""}
SHAPE = (3, 224, 224)  # of the bundled models
BLIND = {RANDOM: "Random values", CENTER: "Central blob"}


def localization() -> None:
    """What was measured, for the pictures and the model that the reader picks."""
    sets = measured_sets()
    if not sets:
        message("Nothing was measured here yet: python -m evaluation localize does it.")
        return
    st.markdown(INTRODUCTION)
    with st.container(key="localization"):
        name = st.selectbox(
            "Outlined pictures", list(sets), format_func=lambda key: NAMES[key], key="outlined", persist_state="session"
        )
        cards = sets[name]
        card = _pick_model(name, cards)
        found = measured(card, name)
        st.caption(_pictures(found))
        st.html(_table(found))
        st.caption(KEY + _absent(found.rows))
        for twin in cards:
            if twin.role == "robust" and twin.twin == cards[0].key:
                message(_twin(cards[0], twin, name))


def _pick_model(name: str, cards: list[ModelCard]) -> ModelCard:
    if len(cards) == 1:
        st.caption(f"Model: {escape(cards[0].name)}")
        return cards[0]
    by_key = {card.key: card for card in cards}
    picked = pick_one(
        "Model",
        list(by_key),
        cards[0].key,
        format_func=lambda key: "Robust twin" if by_key[key].role == "robust" else by_key[key].role.capitalize(),
        key=f"outlined {name}",
        persist_state="session",
    )
    return by_key[picked]


def _pictures(found: Measured) -> str:
    left_out = (
        f" {found.left_out} more were left out, since the model was trained or tuned on the same pictures."
        if found.left_out
        else ""
    )
    return (
        f"{found.pictures} pictures with the finding, of which the model flags {found.flagged}.{left_out} The finding "
        f"fills {percent(found.area)} of what the model sees (median). Scores go from 0 to 1, higher is better."
    )


def _absent(rows: Iterable[Row]) -> str:
    """Which methods are not in the table, and what a map of theirs takes."""
    there = {row.method for row in rows}
    absent = {method.name: method.passes(method.params(), SHAPE) for method in EXPLAINERS if method.key not in there}
    names = ", ".join(f"{name} ({images:,} images through the model for a map)" for name, images in absent.items())
    return f" Not measured here: {names}." if absent else ""


def _table(found: Measured) -> str:
    """The name of each map and what its scores say, above the scores, as HTML."""
    head = "".join(f'<th scope="col">{escape(MEASURES[key].name)}</th>' for key in SCORES)
    bodies = "".join(f"<tbody>{_lines(row, found.pictures)}</tbody>" for row in found.rows)
    return f'<table class="numbers-table"><thead><tr>{head}</tr></thead>{bodies}</table>'


def _lines(row: Row, pictures: int) -> str:
    blind = row.method in BLIND
    name = BLIND[row.method] if blind else EXPLAINERS[row.method].name
    said = "Knows neither model nor picture." if blind else sentence(row)
    scores = (_score(row.scores[key], 0 if blind else sign(row.over_center[key]), pictures) for key in SCORES)
    cells = "".join(f"<td>{score}</td>" for score in scores)
    return (
        f'<tr><th scope="rowgroup" colspan="{len(SCORES)}">{escape(name)} <small>{escape(said)}</small></th></tr>'
        f"<tr>{cells}</tr>"
    )


def _score(score: Score, mark: int, pictures: int) -> str:
    """ "▲ 0.53 (0.41 to 0.66)", as HTML; with n where not all pictures have the score."""
    if not score.n or score.interval is None:
        return "–"
    low, high = score.interval
    counted = f", n {score.n}" if score.n < pictures else ""
    return f"{MARKS[mark]}{score.value:.2f} <small>({low:.2f} to {high:.2f}{counted})</small>"


def _twin(card: ModelCard, twin: ModelCard, name: str) -> str:
    """What changes with the robust twin, in one sentence."""
    compared = against_twin(card, twin, name)
    if compared is None:
        return "The robust twin was measured on other pictures, so the two can't be compared."
    higher, lower = (", ".join(EXPLAINERS[key].name for key in keys) or "none" for keys in compared)
    return (
        "With the robust twin, maps of these methods point better at the finding (localization AUC on the same "
        f"pictures): {higher}. Worse: {lower}. For the others it can't be told."
    )
