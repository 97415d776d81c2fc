"""What the grid found: one sentence, the numbers of all cells, and the reasons not to believe them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from core.values import Prediction
from dashboard.components.comparing.cells import Cell
from dashboard.components.comparing.pickers import Shown
from dashboard.components.glossary import explained
from dashboard.components.words import shape
from evaluation.words import MEASURES, percent, points
from explainers.metrics import rank_correlation

NOTHING = "–"


def numbers(cells: Sequence[Cell], reference: Cell, shown: Shown, *, technical: bool) -> None:
    """Draw all of it; a cell that is not there yet has an empty line."""
    st.html(f'<p class="sentence">{escape(_sentence(cells, reference, shown))}</p>')
    head = (
        "Cell",
        "Clean",
        "Perturbed",
        explained("Control"),
        "Decision",
        f"{shown}, against {reference.code}",
        explained(MEASURES["rank_correlation"][technical]),
    )
    top = "".join(f'<th scope="col">{name}</th>' for name in head)
    body = "".join(_line(cell, reference, shown, technical) for cell in cells)
    st.html(
        '<div class="grid-numbers"><table class="numbers-table">'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )
    items = "".join(
        f'<li><b>{escape(about.capitalize())}</b> {escape(reason)} <span class="muted">{", ".join(codes)}</span></li>'
        for (about, reason), codes in _cautions(cells).items()
    )
    st.html(f'<ul class="cautions" aria-label="Cautions">{items}</ul>')


def _sentence(cells: Sequence[Cell], reference: Cell, shown: Shown) -> str:
    there = [cell.finished.comparison for cell in cells if cell.finished]
    flipped = sum(comparison.flipped for comparison in there)
    noisy = sum(cell.control_flips for cell in cells)
    different = [cell.code for cell in cells if cell.differs(reference, shown)]
    against = f"differs from {reference.code} in {_listed(different)}" if different else f"is that of {reference.code}"
    return (
        f"The perturbation flips the decision in {flipped} of {len(there)} cells, and random noise of the same size in "
        f"{noisy}. On the {shown.lower()} picture the decision {against}{'' if different else ' in all cells'}."
    )


def _listed(codes: Sequence[str]) -> str:
    """ "A1, A2 and B1"."""
    *others, last = codes
    return f"{', '.join(others)} and {last}" if others else last


def _line(cell: Cell, reference: Cell, shown: Shown, technical: bool) -> str:
    name = f'<th scope="row"><b>{cell.code}</b> {escape(cell.title)}</th>'
    if cell.finished is None:
        return f'<tr>{name}<td colspan="6" class="text">{escape(cell.why_not or "Not computed yet.")}</td></tr>'
    comparison = cell.finished.comparison
    before, after, noisy = comparison.clean, comparison.perturbed, comparison.controlled

    def probability(prediction: Prediction) -> str:
        value = float(prediction.probabilities[cell.target])
        return f"{value:.3f} {shape(prediction, cell.target)}" if technical else _with_shape(prediction, cell.target)

    contents = [
        probability(before.prediction),
        probability(after.prediction),
        probability(noisy.prediction),
        "flips" if comparison.flipped else "holds",
        *_against(cell, reference, shown, technical),
    ]
    mark = ' class="differs"' if cell.differs(reference, shown) else ""
    return f"<tr{mark}>{name}{''.join(f'<td>{content}</td>' for content in contents)}</tr>"


def _with_shape(prediction: Prediction, target: int) -> str:
    return f"{percent(prediction.probabilities[target])} {shape(prediction, target)}"


def _against(cell: Cell, reference: Cell, shown: Shown, technical: bool) -> tuple[str, str]:
    """Difference of the probabilities, and rank correlation of the maps."""
    here, there = cell.view(shown), reference.view(shown)
    if cell.code == reference.code:
        return "reference", NOTHING
    if here is None or there is None:
        return NOTHING, NOTHING
    difference = float(here.prediction.probabilities[cell.target] - there.prediction.probabilities[reference.target])
    said = f"{abs(difference):.3f}" if technical else points(difference)
    change = said if said in {"0.000", points(0.0)} else f"{'−' if difference < 0 else '+'}{said}"
    word = ", differs" if cell.differs(reference, shown) else ""
    if not cell.shares_frame(reference):
        return f"{change}{word}", "another frame"
    order = rank_correlation(there.attribution.heat, here.attribution.heat)
    return f"{change}{word}", "undefined" if math.isnan(order) else f"{order:.{3 if technical else 2}f}".replace(
        "-", "−"
    )


def _cautions(cells: Sequence[Cell]) -> Mapping[tuple[str, str], list[str]]:
    """{(about, reason): codes of the cells}, each reason once."""
    found: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        for caution in cell.finished.comparison.cautions if cell.finished else ():
            found.setdefault((caution.about, caution.reason), []).append(cell.code)
    return found
