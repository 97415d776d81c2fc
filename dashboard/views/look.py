"""The main job on one page: a case, what a model says, why, and how both change when the picture is disturbed."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.values import MODALITIES, ModelCard
from dashboard.components import findings
from dashboard.components.controls import explain_form, stress_form
from dashboard.components.frame import current_entry
from dashboard.components.message import message
from dashboard.components.panes import panes
from dashboard.components.prediction import prediction_panel
from dashboard.components.progress import halted, progress
from dashboard.components.provenance import provenance
from dashboard.components.trajectory import trajectory
from dashboard.components.uploads import drop_zone, reading, refusals
from dashboard.components.worklist import worklist
from dashboard.services.cases import Entry, Uploads, worklist_entries
from dashboard.services.comparing import Comparisons, Request
from dashboard.services.models import models
from dashboard.state import MODEL, held, listening, technical
from evaluation.words import finding, in_sentence

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
    with left:
        marks = {case: mark for (model, case), mark in comparisons.marks.items() if model == key}
        worklist(worklist_entries(), marks, short=entry is not None and entry.uploaded)
        drop_zone()
        if entry is not None and entry.uploaded:
            reading(entry)
    with center:
        refusals()
        uploads = held(Uploads)
        if uploads.job is not None:
            progress(uploads.job, "Reading", uploads.stop)
        if entry is None or key is None:
            missing = "No case yet: drop a file into the list." if entry is None else "No model is installed."
            message(missing)
            return
    card = models()[key]
    with right:
        panel = st.container(key="prediction")
        target = _pick_target(card)
        stress = stress_form()
        explanation = explain_form()
    request = Request(
        case_id=entry.case.id,
        modality=entry.case.modality,
        spacing_mm=entry.case.spacing_mm,
        model=key,
        target=target,
        explainer=explanation.method,
        explainer_params=explanation.params,
        perturbation=stress.method,
        perturbation_params=stress.params,
        direction=stress.direction,
        seed=stress.seed,
    )
    _show(entry, card, request, comparisons, center, panel)


def _show(
    entry: Entry,
    card: ModelCard,
    request: Request,
    comparisons: Comparisons,
    center: DeltaGenerator,
    panel: DeltaGenerator,
) -> None:
    if not _in_scope(entry, card, center):
        with panel:
            prediction_panel(card, entry.case, request.target, None, None, stale=False)
        return
    same_kind = [other.case for other in worklist_entries() if other.case.modality == card.input.modality]
    comparisons.ask(request, entry.case, same_kind, listening())
    comparisons.settle(SETTLE_SECONDS)
    fresh = comparisons.finished.get(request)
    shown = fresh or comparisons.like(request)
    comparison = shown.comparison if shown else None
    with panel:
        mark = comparisons.marks.get((request.model, request.case_id))
        prediction_panel(card, entry.case, request.target, mark, comparison, stale=shown is not fresh)
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
                trajectory(comparison, card.temperature)


def _pick_target(card: ModelCard) -> int:
    if len(card.labels) == 1:
        return 0
    labels = range(len(card.labels))
    return int(
        st.selectbox("Finding", labels, format_func=lambda k: finding(card.labels[k]), key=f"{card.key} finding")
    )


def _in_scope(entry: Entry, card: ModelCard, center: DeltaGenerator) -> bool:
    """Whether this model may be asked about this case; if not, say why, and offer to do it anyway."""
    allowed = f"anyway {card.key} {entry.case.id}"
    if card.input.modality == entry.case.modality or st.session_state.get(allowed):
        return True
    wanted, given = (in_sentence(MODALITIES[modality]) for modality in (card.input.modality, entry.case.modality))
    with center, st.container(key="viewer"):
        panes(entry, None, stale=False)
        provenance(entry.case)
        reason = f"{card.name} was made for another kind of picture: {wanted}, not {given}."
        halted(reason, "Show anyway", lambda: st.session_state.update({allowed: True}))
    return False


def _why_not(comparisons: Comparisons) -> None:
    if comparisons.job is not None:
        progress(comparisons.job, "Computing", comparisons.stop)
    elif comparisons.error is not None:
        halted(str(comparisons.error), "Try again", comparisons.resume)
    elif comparisons.stopped is not None:
        halted("Canceled before it was finished.", "Run it after all", comparisons.resume)
