"""What defenses and detectors are worth for a model: against an attacker who does not know them, and one who does."""

from __future__ import annotations

from html import escape

import streamlit as st

from core.values import ModelCard
from dashboard.components import figures
from dashboard.components.glossary import explained
from dashboard.components.message import message
from dashboard.components.scores import area_with_interval, count, share_with_interval
from dashboard.components.tables import table
from dashboard.services.remedies import before_detectors, behind_defenses
from defenses import DEFENSES
from defenses.detectors import DETECTORS
from evaluation.defended import NONE, ROWS
from evaluation.detect import CLEAN, KNOWING
from evaluation.words import in_sentence, settings
from perturbations import PERTURBATIONS

COLUMNS = {
    "clean": "As it is",
    "noise": "Equal noise",
    "unknowing": "Attacker does not know",
    "knowing": "Attacker knows",
}


def defenses(card: ModelCard) -> None:
    """The share of right answers behind each defense."""
    measured = behind_defenses(card)
    if measured is None:
        return
    found, rates = measured
    method = PERTURBATIONS[found.perturbation]
    message(
        f"Right answers on {len(found.groups)} pictures of the test split. The attack is "
        f"{in_sentence(method.name)} ({settings(method, found.params)}) towards the wrong answer. Only the last column "
        "says what a defense is worth: there the attacker follows gradients through the defense, averages where it "
        "draws at random, and is judged by fresh draws."
    )
    rows = [
        (
            "No defense" if key == NONE else escape(DEFENSES[key].name),
            *(share_with_interval(each[row]) for row in ROWS),
        )
        for key, each in rates.items()
    ]
    table(("Defense", *(COLUMNS[row] for row in ROWS)), rows)


def detectors(card: ModelCard) -> None:
    """How well each detector tells attacked pictures from clean ones, and what it takes artifacts for."""
    measured = before_detectors(card)
    if measured is None:
        return
    found, watched = measured
    attacks = {PERTURBATIONS[key].name: key for key in found.attacks} | {"Attacker who knows the detector": KNOWING}
    artifacts = ", ".join(in_sentence(PERTURBATIONS[key].name) for key in found.artifacts)
    message(
        f"A detector gives alarm above a threshold that one in twenty clean validation pictures exceeds. Of "
        f"{len(found.groups)} test pictures, those count as attacked whose right answer was turned wrong. False alarms "
        f"are on the clean pictures, and on those with the worst of these artifacts, which are no attack: {artifacts}."
    )
    head = ("Detector", "Attack", explained("AUROC"), "Caught", "n", "False alarms", "Artifacts")
    rows = []
    for each in watched:
        worst = max((key for key in each.alarms if key != CLEAN), key=lambda key: each.alarms[key].value)
        for name, key in attacks.items():
            one = each.caught[key]
            rows.append(
                (
                    escape(DETECTORS[each.key].name),
                    escape(name),
                    area_with_interval(one.auroc) if one.auroc.n else "–",
                    share_with_interval(one.caught),
                    count(one.caught),
                    share_with_interval(each.alarms[CLEAN]),
                    f"{share_with_interval(each.alarms[worst])} <small>{escape(PERTURBATIONS[worst].name)}</small>",
                )
            )
    table(head, rows, texts=[1])
    counted = [name for name, key in attacks.items() if any(each.caught[key].auroc.n for each in watched)]
    if counted:
        attack = st.selectbox("ROC curves against", counted, key=f"{card.key} detected attack", width=420)
        curves = {DETECTORS[each.key].name: each.curves[attacks[attack]] for each in watched}
        figures.draw(figures.detection_curves(curves), f"{card.key} detection", "ROC curves of the detectors")
