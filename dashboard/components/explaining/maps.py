"""The maps side by side, with what they say together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from core.values import Floats
from dashboard.components.comparison_panes import frame_of, picture_of
from dashboard.components.explaining.setup import Setup
from dashboard.components.viewer import Heat, Pane, Scale, viewer
from dashboard.components.viewer.values import Box, Lut
from dashboard.components.worklist import step
from dashboard.services import pictures
from dashboard.services.cases import worklist_entries
from dashboard.services.explaining import Explained, Maps, Question, Together
from dashboard.services.map_files import ends
from dashboard.state import REGION, worded
from evaluation.agreement import chance_disagreement
from evaluation.suitability import NotSuitable
from evaluation.words import NO_EVIDENCE, settings, within
from explainers import EXPLAINERS, Explainer
from imaging.overlay import has_evidence

KEY = "explain viewer"
LEAST_AGREED, MOST_DISAGREED = 0.5, 0.5  # where the scale of consensus begins, and where that of disagreement ends
RULE = (
    "One rule for all maps: each is drawn on its own scale, because methods have no unit in common. The scale ends at "
    "the value that 99 of 100 places stay below, whose color all beyond it have; where a map holds evidence for and "
    "against, it is as long on both sides of zero. The ends stand above each map."
)
STRENGTH = Scale("Strength", "sequential", "0", "end of its scale")
EVIDENCE = Scale("Evidence", "diverging", "against", "for")
DIRECTION = Scale("Direction", "diverging", "darker", "brighter")
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
        scales=_scales(answers, together),
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
    st.html(f'<p class="fixed">{RULE} {_meaning(together) if together else ""}</p>')


def _meaning(together: Together) -> str:
    """Of consensus and disagreement."""
    count = together.telling
    sizes = "; since some of the maps tell no direction, those with evidence for and against count by its size"
    return (
        "Consensus is the mean of the ranks that the maps give a place, from 0 for the least to 1 for the "
        f"most{sizes if together.by_magnitude else ''}. Disagreement is their standard deviation, which for {count} "
        f"maps that have nothing in common is {chance_disagreement(count):.2f} in the mean."
    )


def _heat(explained: Explained) -> Heat | None:
    """The map for the viewer, on its own scale; None where it holds no evidence."""
    attribution = explained.attribution
    if not has_evidence(attribution):
        return None
    box, lut = pictures.frame_box(explained.geometry), lut_of(attribution.signed)
    low, high = explained.low, explained.high
    cells = pictures.cell_levels(attribution.cells, low, high)
    return Heat(explained.heat, box, lut, attribution.signed, low, high, worded(attribution.unit), cells)


def lut_of(signed: bool) -> Lut:
    """The colors of a map."""
    return "diverging" if signed else "sequential"


def _range(explained: Explained) -> str:
    """The ends of its scale and its unit, in words."""
    low, high = ends(explained)
    return f"{low} to {high} {worded(explained.attribution.unit)}"


def _pane(setup: Setup, maps: Maps, question: Question, found: Explained | None) -> Pane:
    method = EXPLAINERS[question.method]
    frame, picture = frame_of(setup.entry.case), picture_of(setup.entry.case, setup.entry.picture)
    title = f"{method.name}, against" if is_against(question) else method.name
    if found is None:
        why_not, error = setup.why_not(method), maps.errors.get(question)
        if why_not is not None:
            said = f"{method.name} {why_not}."
        elif error is not None:
            said = "Out of scope" if isinstance(error, NotSuitable) else f"{error.what}: {error.why}."
        else:
            said = "Computing" if maps.working else "Not computed"
        return Pane(method.key, title, "", frame, picture, message=said, summary=f"{title}: {said}")
    heat = _heat(found)
    place = f"Strongest in the {pictures.strongest_place(found.attribution.heat)} of the picture."
    return Pane(
        method.key,
        title,
        _range(found) if heat else "no evidence",
        frame,
        picture,
        heat,
        "" if heat else NO_EVIDENCE,
        f"{title}. {place if heat else NO_EVIDENCE}",
    )


def _together(setup: Setup, together: Together | None, found: Explained | None) -> list[Pane]:
    frame, picture = frame_of(setup.entry.case), picture_of(setup.entry.case, setup.entry.picture)
    if together is None or found is None or np.isnan(together.mean).any():
        said = "Needs two maps with evidence"
        return [
            Pane(name, title, "", frame, picture, message=said, summary=f"{title}: {said}")
            for name, title in (("consensus", "Consensus"), ("disagreement", "Disagreement"))
        ]
    mean, disagreement, count = together.mean, together.disagreement, together.telling
    box = pictures.frame_box(found.geometry)
    return [
        Pane(
            "consensus",
            "Consensus",
            f"≤ {LEAST_AGREED:g} to 1, mean rank of {count} maps",
            frame,
            picture,
            _unsigned(mean, box, LEAST_AGREED, 1.0, "mean rank"),
            summary=f"Consensus of {count} maps, highest in the {pictures.strongest_place(mean)} of the picture.",
        ),
        Pane(
            "disagreement",
            "Disagreement",
            f"0 to {MOST_DISAGREED:g}, deviation of the ranks",
            frame,
            picture,
            _unsigned(disagreement, box, 0.0, MOST_DISAGREED, "rank deviation"),
            summary="Disagreement of the maps, strongest in the "
            f"{pictures.strongest_place(disagreement)} of the picture.",
        ),
    ]


def _unsigned(heat: Floats, box: Box, low: float, high: float, unit: str) -> Heat:
    return Heat(pictures.heat_levels(heat, low, high), box, "sequential", False, low, high, unit)


def is_against(question: Question) -> bool:
    """Whether the map shows evidence against the finding alone."""
    return question.params.as_dict().get("evidence") == "against"


def _scales(answers: Mapping[Question, Explained | None], together: Together | None) -> list[Scale]:
    """A bar for each kind of map that is there."""
    needed = {scale_of(found.question.explainer) for found in answers.values() if found}
    if together is not None and not np.isnan(together.mean).any():  # consensus and disagreement tell no direction
        needed.add(STRENGTH)
    return [scale for scale in (STRENGTH, EVIDENCE, DIRECTION) if scale in needed]


def scale_of(method: Explainer) -> Scale:
    """The bar of the maps of a method."""
    if not method.signed:
        return STRENGTH
    return DIRECTION if method.magnitude else EVIDENCE


def _columns(panes: int) -> int:
    """Rows as equal as can be."""
    rows = -(-panes // WIDE)
    return -(-panes // rows)


def _recipe(setup: Setup, questions: Sequence[Question]) -> str:
    methods = []
    for question in questions:
        method = EXPLAINERS[question.method]
        chosen = ", ".join(filter(None, [settings(method, question.params.as_dict()), question.point]))
        methods.append(f"{method.name}: {chosen}" if chosen else method.name)
    seeds = dict.fromkeys(f"seed {question.seed}" for question in questions)
    where = [] if setup.region is None else [within("explained only", setup.region)]
    return " · ".join([setup.card.key, setup.finding, *methods, *where, *seeds, f"{setup.card.input.size} px"])
