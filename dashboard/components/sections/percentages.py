"""Whether the percentages of a model can be believed."""

from __future__ import annotations

import streamlit as st

from core.values import ModelCard
from dashboard.components import figures
from dashboard.components.glossary import explained
from dashboard.components.message import message
from dashboard.components.scores import area_with_interval, count
from dashboard.components.tables import table
from dashboard.services import measured
from dashboard.state import technical


def percentages(card: ModelCard) -> None:
    """The reliability diagram, calibration error and Brier score, before and after calibration."""
    found = measured.calibrations(card)
    if found is None:
        return
    before, after = found
    left, right = st.columns([3, 2])
    with left:
        figure = figures.reliability_diagram(before.curve, after.curve, technical=technical())
        figures.draw(figure, f"{card.key} reliability", "Reliability diagram before and after calibration")
    with right:
        message(
            "Of the pictures given 80 %, about 80 in 100 should show the finding: then the points lie on the dotted "
            f"line. {_moved(before.ece.value, after.ece.value)}"
        )
        table(
            ("", "Before", "After"),
            [
                (explained("Calibration error (ECE)"), f"{before.ece.value:.3f}", f"{after.ece.value:.3f}"),
                (explained("Brier score"), area_with_interval(before.brier), area_with_interval(after.brier)),
                ("Pictures (n)", count(before.brier), count(after.brier)),
            ],
        )
        st.caption("Lower is better for both. Bins hold equally many pictures. Bars: 95 % intervals.")


def _moved(before: float, after: float) -> str:
    """What calibration did to the calibration error of the test split."""
    if after <= before:
        return "Calibration on the validation split brought them closer to it."
    return (
        "Caution: calibration was fitted on the validation split, and on this test split it took them further away. "
        "Read the percentages with care."
    )
