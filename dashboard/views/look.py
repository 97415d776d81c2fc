"""The main job on one page: a case, what a model says, why, and how both change when the picture is disturbed."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import Unsupported
from core.values import ModelCard, Prediction
from dashboard.components import findings
from dashboard.components.controls import explain_form, stress_form
from dashboard.components.frame import current_entry
from dashboard.components.message import message
from dashboard.components.panes import panes
from dashboard.components.prediction import Reading, pick_reading, prediction_panel
from dashboard.components.progress import gate, halted, progress
from dashboard.components.provenance import provenance
from dashboard.components.trajectory import trajectory
from dashboard.components.uploads import drop_zone, read_as, refusals
from dashboard.components.worklist import worklist
from dashboard.services.cases import Entry, Uploads, worklist_entries
from dashboard.services.comparing import Comparisons, Mark, Request, Subject
from dashboard.services.models import models
from dashboard.state import MODEL, held, listening, technical
from evaluation.words import finding

ANYWAY = "asked anyway"  # {(model, case)} that the reader wants to see though it is out of scope
SETTLE_SECONDS = 0.25  # what is ready by then needs no progress bar


def look() -> None:
    """The page."""
    entry, key = current_entry(), st.session_state[MODEL]
    comparisons = held(Comparisons)
    comparisons.settle(0)
    with st.container(key="room", horizontal=True, gap="medium"):
        left = st.container(key="left", width=196)
        center = st.container(key="center")
        right = st.container(key="right", width=288)
    with center:
        refusals()
        uploads = held(Uploads)
        if uploads.job is not None:
            progress(uploads.job, "Reading", uploads.stop)
    if entry is None or key is None:
        with left:
            _cases(entry, {}, 0)
        with center:
            message("No case yet: drop a file into the list." if entry is None else "No model is installed.")
        return
    card = models()[key]
    with right:
        panel = st.container(key="prediction")
        reading = pick_reading(card)
        target = _pick_target(card)
        stress = stress_form()
        explanation = explain_form()
    subjects = {other.case.id: Subject.of(other.case) for other in worklist_entries()}
    with left:
        marks = {case: comparisons.mark(card, reading.point, subject) for case, subject in subjects.items()}
        _cases(entry, {case: mark for case, mark in marks.items() if mark is not None}, target)
    subject = subjects[entry.case.id]
    request = Request(
        subject=subject,
        model=key,
        point=reading.point,
        anyway=(key, subject) in st.session_state.setdefault(ANYWAY, set()),
        target=target,
        explainer=explanation.method,
        explainer_params=explanation.params,
        perturbation=stress.method,
        perturbation_params=stress.params,
        direction=stress.direction,
        seed=stress.seed,
    )
    _show(entry, card, request, reading, comparisons, center, panel)


def _cases(entry: Entry | None, marks: Mapping[str, Mark], target: int) -> None:
    uploaded = entry is not None and entry.uploaded
    worklist(worklist_entries(), marks, target, short=uploaded)
    drop_zone()
    if entry is not None and uploaded:
        read_as(entry)


def _show(
    entry: Entry,
    card: ModelCard,
    request: Request,
    reading: Reading,
    comparisons: Comparisons,
    center: DeltaGenerator,
    panel: DeltaGenerator,
) -> None:
    comparisons.ask(request, entry.case, [other.case for other in worklist_entries()], listening())
    comparisons.settle(SETTLE_SECONDS)
    if refusal := comparisons.refusal(request):
        with panel:
            prediction_panel(card, entry.case, request.target, reading, None, None, stale=False)
        with center, st.container(key="viewer"):
            panes(entry, None, stale=False)
            provenance(entry.case)
            gate(card, refusal, lambda: st.session_state[ANYWAY].add((request.model, request.subject)))
        return
    fresh = comparisons.finished.get(request)
    shown = fresh or comparisons.like(request)
    comparison = shown.comparison if shown else None
    with panel:
        mark = comparisons.mark(card, request.point, request.subject)
        clean = mark if isinstance(mark, Prediction) else None
        prediction_panel(card, entry.case, request.target, reading, clean, comparison, stale=shown is not fresh)
    with center:
        with st.container(key="viewer"):
            panes(entry, shown, stale=shown is not fresh)
            provenance(entry.case)
            if fresh is None:
                _why_not(comparisons)
        if shown is None or comparison is None:
            return
        with st.container(key="findings" if fresh else "findings-stale"):
            findings.sentence(comparison, technical=technical())
            findings.caution_list(comparison.cautions)
            findings.table(comparison, technical=technical())
            if technical():
                trajectory(comparison, card.scale)


def _pick_target(card: ModelCard) -> int:
    if len(card.labels) == 1:
        return 0
    labels = range(len(card.labels))
    return int(
        st.selectbox("Finding", labels, format_func=lambda k: finding(card.labels[k]), key=f"{card.key} finding")
    )


def _why_not(comparisons: Comparisons) -> None:
    if comparisons.job is not None:
        progress(comparisons.job, "Computing", comparisons.stop)
    elif isinstance(comparisons.error, Unsupported):
        halted(str(comparisons.error))
    elif comparisons.error is not None:
        halted(str(comparisons.error), "Try again", comparisons.resume)
    elif comparisons.stopped is not None:
        halted("Canceled before it was finished.", "Run it after all", comparisons.resume)
