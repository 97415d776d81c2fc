"""The maps side by side, with what they say together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from dashboard.components.comparison_panes import NO_EVIDENCE, frame_of, picture_of, within
from dashboard.components.explaining.setup import Setup
from dashboard.components.viewer import Heat, Pane, Scale, viewer
from dashboard.components.viewer.values import Lut
from dashboard.components.words import settings
from dashboard.components.worklist import step
from dashboard.services import pictures
from dashboard.services.cases import worklist_entries
from dashboard.services.explaining import Explained, Maps, Question, Together
from dashboard.services.map_files import ends
from dashboard.state import REGION
from evaluation.suitability import NotSuitable
from explainers import EXPLAINERS
from imaging.overlay import has_evidence

KEY = "explain viewer"
RULE = (
    "One rule for all maps: each is drawn on its own scale, because methods have no unit in common. The scale ends at "
    "the value that 99 of 100 places stay below, whose color all beyond it have; where a map holds evidence for and "
    "against, it is as long on both sides of zero. The ends stand above each map."
)
TOGETHER = (
    "Consensus is the mean of the ranks that the maps give a place, from 0 for the least to 1 for the most; "
    "disagreement is their standard deviation, which is about 0.3 for maps that have nothing in common."
)
WIDE = 5  # panes in a row


def map_panes(setup: Setup, questions: Sequence[Question], maps: Maps, together: Together | None) -> None:
    """Draw a pane for each question, then consensus and disagreement."""
    entries = worklist_entries()
    answers = {question: maps.get(question) for question in questions}
    panes = [_pane(setup, maps, question, found) for question, found in answers.items()]
    found = next((each for each in answers.values() if each), None)
    if len(questions) > 1:
        panes += _together(setup, together, found)
    region = st.session_state[REGION]
    chosen = viewer(
        panes,
        columns=_columns(len(panes)),
        scales=_scales(answers),
        recipe=_recipe(setup, questions),
        region=region,
        can_select=True,
        long_heads=True,
        key=KEY,
        on_step=lambda by: step(by, entries),
    )
    if chosen != region:
        st.session_state[REGION] = chosen
        st.rerun()
    st.html(f'<p class="fixed">{RULE} {TOGETHER if len(questions) > 1 else ""}</p>')


def _heat(explained: Explained) -> Heat | None:
    """The map for the viewer, on its own scale; None where it holds no evidence."""
    attribution = explained.attribution
    if not has_evidence(attribution):
        return None
    box, lut = pictures.frame_box(explained.geometry), lut_of(attribution.signed)
    low, high = explained.low, explained.high
    cells = pictures.cell_levels(attribution.cells, low, high)
    return Heat(explained.heat, box, lut, attribution.signed, low, high, attribution.unit, cells)


def lut_of(signed: bool) -> Lut:
    """The colors of a map."""
    return "diverging" if signed else "sequential"


def _range(explained: Explained) -> str:
    """The ends of its scale and its unit, in words."""
    low, high = ends(explained)
    return f"{low} to {high} {explained.attribution.unit}"


def _pane(setup: Setup, maps: Maps, question: Question, found: Explained | None) -> Pane:
    method = EXPLAINERS[question.method]
    frame, picture = frame_of(setup.entry.case), picture_of(setup.entry.case, setup.entry.picture)
    if found is None:
        why_not, error = setup.why_not(method), maps.errors.get(question)
        if why_not is not None:
            said = f"{method.name} {why_not}."
        elif error is not None:
            said = "Out of scope" if isinstance(error, NotSuitable) else f"{error.what}: {error.why}."
        else:
            said = "Computing" if maps.working else "Not computed"
        return Pane(method.key, method.name, "", frame, picture, message=said, summary=f"{method.name}: {said}")
    heat = _heat(found)
    place = f"The score depends most on the {pictures.strongest_place(found.attribution.heat)} of the picture."
    return Pane(
        method.key,
        method.name,
        _range(found) if heat else "no evidence",
        frame,
        picture,
        heat,
        "" if heat else NO_EVIDENCE,
        f"{method.name}. {place if heat else NO_EVIDENCE}",
    )


def _together(setup: Setup, together: Together | None, found: Explained | None) -> list[Pane]:
    frame, picture = frame_of(setup.entry.case), picture_of(setup.entry.case, setup.entry.picture)
    if together is None or found is None or np.isnan(together.mean).any():
        said = "Needs two maps with evidence"
        return [
            Pane(name, title, "", frame, picture, message=said, summary=f"{title}: {said}")
            for name, title in (("consensus", "Consensus"), ("disagreement", "Disagreement"))
        ]
    mean, disagreement, count = together.mean, together.disagreement, len(together.questions)
    box = pictures.frame_box(found.geometry)
    return [
        Pane(
            "consensus",
            "Consensus",
            f"0.5 to 1, mean rank of {count} maps",
            frame,
            picture,
            Heat(pictures.heat_levels(mean, 0.5, 1), box, "sequential", False, 0.5, 1.0, "mean rank"),
            summary=f"Consensus of {count} maps, highest in the {pictures.strongest_place(mean)} of the picture.",
        ),
        Pane(
            "disagreement",
            "Disagreement",
            "0.2 to 0.5, deviation of the ranks",
            frame,
            picture,
            Heat(pictures.heat_levels(disagreement, 0.2, 0.5), box, "sequential", False, 0.2, 0.5, "rank deviation"),
            summary="Disagreement of the maps, strongest in the "
            f"{pictures.strongest_place(disagreement)} of the picture.",
        ),
    ]


def _scales(answers: Mapping[Question, Explained | None]) -> list[Scale]:
    signs = {found.attribution.signed for found in answers.values() if found}
    bars = {
        False: Scale("How much the score depends on a place", "sequential", "0", "end of its scale"),
        True: Scale("Evidence", "diverging", "against", "for"),
    }
    return [bar for signed, bar in bars.items() if signed in signs]


def _columns(panes: int) -> int:
    """Rows as equal as can be."""
    rows = -(-panes // WIDE)
    return -(-panes // rows)


def _recipe(setup: Setup, questions: Sequence[Question]) -> str:
    methods = []
    for question in questions:
        method = EXPLAINERS[question.method]
        chosen = settings(method, question.params.as_dict())
        methods.append(f"{method.name}: {chosen}" if chosen else method.name)
    seeds = dict.fromkeys(f"seed {question.seed}" for question in questions)
    where = [] if setup.region is None else [within("explained only", setup.region)]
    return " · ".join([setup.card.key, setup.finding, *methods, *where, *seeds, f"{setup.card.input.size} px"])
