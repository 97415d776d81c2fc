"""What a model withstands when pictures are changed on purpose."""

from __future__ import annotations

from html import escape

import streamlit as st

from core.values import ModelCard
from dashboard.components import figures
from dashboard.components.message import message
from dashboard.components.scores import area_with_interval, count, share_with_interval
from dashboard.components.tables import table
from dashboard.components.words import KINDS
from dashboard.services import measured
from dashboard.state import technical
from evaluation.words import settings
from model_zoo.robustness import Withstood
from perturbations import PERTURBATIONS


def attack(card: ModelCard) -> None:
    """Accuracy over the size of the attack, and a table of all that was tried."""
    results, twin = measured.attacked(card), measured.twin_of(card)
    compared = (f"{KINDS[twin.role].capitalize()}, attacked", measured.accuracies(twin)) if twin else None
    figure = figures.accuracy_under_attack(
        results, compared if compared and compared[1] else None, technical=technical()
    )
    figures.draw(
        figure, f"{card.key} attack", "Accuracy over the size of the attack, beside random noise of equal size"
    )
    n = count(results[0].perturbed.accuracy)
    st.caption(
        f"{n} pictures of the test split, half of them with the finding, at the {next(iter(card.operating_points))} "
        "point, which the attacker aimed at; some attacks were tried on other pictures of it, see n. Band and bars: "
        "95 % intervals."
    )
    message(_masked(card))
    head = ["Changed by", "n", "Right, clean", "Right, changed", "Right, equal noise"]
    rows = [_attacked(result) for result in results]
    if technical():
        head = [*head, "AUROC, clean", "AUROC, changed", "Settings"]
        rows = [
            (
                *row,
                area_with_interval(result.clean.auroc),
                area_with_interval(result.perturbed.auroc),
                _settings(result),
            )
            for row, result in zip(rows, results, strict=True)
        ]
    table(head, rows, texts=[7])


def _attacked(result: Withstood) -> tuple[str, ...]:
    name = escape(PERTURBATIONS[result.method].name)
    epsilon = f" at {result.params['epsilon']:g}/255" if "epsilon" in result.params else ""
    answered = (result.clean, result.perturbed, result.control)
    rates = (share_with_interval(given.accuracy) for given in answered)
    return f"{name}{epsilon}", count(result.perturbed.accuracy), *rates


def _settings(result: Withstood) -> str:
    method = PERTURBATIONS[result.method]
    values = {spec.name: spec.default for spec in method.params.specs()} | dict(result.params)
    return escape(settings(method, values))


def _masked(card: ModelCard) -> str:
    """Whether an attack does better than one that should beat it: then the model hides its gradients."""
    signs = measured.masking(card)
    if signs is None:
        return "No attack without gradients was tried: whether the model merely hides its gradients is not known."
    if signs:
        return (
            f"Caution: {' '.join(signs)} A model of which that is true hides its gradients, so it is less robust than "
            "the curve says."
        )
    return "An attack that sees only answers does no better: no sign that the model merely hides its gradients."
