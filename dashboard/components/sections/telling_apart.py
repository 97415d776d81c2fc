"""How well a model tells pictures with the finding from those without."""

from __future__ import annotations

from html import escape

import streamlit as st

from core.values import ModelCard
from dashboard.components import figures
from dashboard.components.glossary import explained
from dashboard.components.scores import area_with_interval, count, named
from dashboard.components.tables import table
from dashboard.services import measured
from dashboard.state import technical
from evaluation.words import finding
from model_zoo.evidence import EXTERNAL


def telling_apart(card: ModelCard) -> None:
    """ROC and precision-recall curves, and the AUROC within each source."""
    points = {point: answers for point in card.operating_points if (answers := measured.answers(card, point))}
    roc, precision_recall = measured.roc(card), measured.precision_recall(card)
    left, right = st.columns(2)
    label = finding(card.labels[0])
    if roc is not None:
        with left:
            st.subheader("ROC curve", anchor=False)
            alt = f"ROC curve for {label} with its 95 % band and operating points"
            figures.draw(figures.roc_curve(roc, points, technical=technical()), f"{card.key} roc", alt)
    if precision_recall is not None:
        with right:
            st.subheader("Precision-recall curve", anchor=False)
            alt = f"Precision-recall curve for {label} with its 95 % band and operating points"
            figure = figures.precision_recall_curve(precision_recall, points, technical=technical())
            figures.draw(figure, f"{card.key} precision recall", alt)
    st.caption(
        "Test split. Bands: pointwise 95 %, by resampling patients or lesions. Precision depends on the prevalence."
        if technical()
        else "Measured on pictures that it had never seen. The shaded band shows how far another such test could "
        "differ. How many of the flagged pictures show the finding depends on how common it is."
    )
    areas = {key: score for key, score in card.results.items() if "auroc" in key}
    rows = [(_where(key), area_with_interval(score), count(score)) for key, score in areas.items()]
    if rows:
        table(("Pictures", explained("AUROC"), "n"), rows)


def _where(key: str) -> str:
    """The pictures of an AUROC: "auroc", "auroc_SOURCE" or "external_auroc"."""
    source = key.removeprefix("auroc").removeprefix("_")
    if not source:
        return "Own test split"
    return named(EXTERNAL) if key == f"{EXTERNAL}_auroc" else f"Own test split, within {escape(source)} alone"
