"""The main job on one page: a case, what a model says, why, and how both change when the picture is disturbed."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import Unsupported
from core.params import ParamSpec
from core.values import ModelCard, Prediction
from dashboard.components import findings
from dashboard.components.certificate_section import certificate_section
from dashboard.components.comparison_panes import comparison_panes, comparison_scales, recipe
from dashboard.components.controls import defense_form, explain_form, region_form, stress_form, where_form
from dashboard.components.epsilon import epsilon_dial, stops
from dashboard.components.message import message
from dashboard.components.note import note
from dashboard.components.prediction import Reading, pick_reading, prediction_panel
from dashboard.components.progress import gate, halted, progress
from dashboard.components.provenance import provenance
from dashboard.components.saved_section import saved_section
from dashboard.components.smallest_section import smallest_section
from dashboard.components.steps_section import steps_section
from dashboard.components.threat_section import threat_section
from dashboard.components.uploads import drop_zone, read_as, refusals
from dashboard.components.viewer import viewer
from dashboard.components.welcome import welcome
from dashboard.components.words import behind
from dashboard.components.worklist import step, worklist
from dashboard.services import address
from dashboard.services.aside import Asides
from dashboard.services.cases import Entry, Uploads, current_entry, worklist_entries
from dashboard.services.certificates import CERTIFICATE
from dashboard.services.comparing import COARSE_STEPS, Comparisons, Finished, Mark, Preview, Request, Subject
from dashboard.services.models import models
from dashboard.services.notes import Notes
from dashboard.services.sizes import EPSILON, ahead, known_sizes
from dashboard.state import (
    ANYWAY,
    ATTACK_HERE,
    EXPLAIN_HERE,
    MODEL,
    REGION,
    held,
    listening,
    of_model,
    region_in,
    technical,
)
from evaluation.words import finding
from perturbations import PERTURBATIONS, Threat

VIEWER = "look viewer"
NEWS_SECONDS = 1.0  # how often the dial looks for what was computed ahead
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
        greeting = st.container(key="greeting")
        with st.container(key="arrivals"):
            refusals()
            uploads = held(Uploads)
            if uploads.job is not None:
                progress(uploads.job, "Reading", uploads.stop)
        stage, below = st.container(key="viewer"), st.container(key="below")
    if entry is None or key is None:
        with left:
            _cases(entry, {}, {}, 0)
        with center:
            message("No case yet: drop a file into the list." if entry is None else "No model is installed.")
        return
    region, card = region_in(entry.case.id), models()[key]
    with right:
        panel = st.container(key="prediction")
        reading = pick_reading(card)
        target = _pick_target(card)
        stress = stress_form(card.input.modality)
        place, outside = where_form(entry.case, region)
        explanation = explain_form()
        defense = defense_form()
        promise = st.container()
        _, explain_here = region_form(ATTACK_HERE, EXPLAIN_HERE)
    address.write(address.state_of())
    entries = worklist_entries()
    subjects = {other.case.id: Subject.of(other.case) for other in entries}
    with left:
        marks = {case: comparisons.mark(card, reading.point, subject) for case, subject in subjects.items()}
        _cases(
            entry,
            {case: mark for case, mark in marks.items() if mark is not None},
            _flags(comparisons, card, reading.point, target, subjects),
            target,
        )
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
        attack_region=place,
        explain_region=region if explain_here else None,
        defense=defense.method,
        defense_params=defense.params,
        unaware=defense.unaware,
        attack_outside=outside,
    )
    _show(entry, card, request, reading, comparisons, stage, below, panel)
    if not comparisons.refusal(request):
        with greeting:
            welcome(card, comparisons.answer(request) or comparisons.early(request), stress.epsilon)
        with promise:
            certificate_section(request, entry.case)
    else:
        held(Asides).stop(CERTIFICATE)
    if stress.epsilon is not None:
        with stress.dial:
            _sizes(entry, card, request, stress.epsilon, comparisons)
    with center:
        note(entry, entries)


def _cases(entry: Entry | None, marks: Mapping[str, Mark], flags: Mapping[str, Collection[str]], target: int) -> None:
    uploaded = entry is not None and entry.uploaded
    worklist(worklist_entries(), marks, flags, target, short=uploaded)
    drop_zone()
    if entry is not None and uploaded:
        read_as(entry)


def _flags(
    comparisons: Comparisons, card: ModelCard, point: str, target: int, subjects: Mapping[str, Subject]
) -> dict[str, list[str]]:
    """What the worklist says of cases beside the prediction: that a change flipped it, and that there is a note."""
    flipped = {
        request.subject
        for request in comparisons.shown
        if (request.model, request.point, request.target) == (card.key, point, target)
        and (finished := comparisons.finished.get(request)) is not None
        and finished.comparison.flipped
        and not request.defense
        and PERTURBATIONS[request.perturbation].threat is not Threat.EXPLANATION
    }
    notes = held(Notes)
    return {
        case: ["flips"] * (subject in flipped) + ["note"] * bool(notes.text(case)) for case, subject in subjects.items()
    }


def _show(
    entry: Entry,
    card: ModelCard,
    request: Request,
    reading: Reading,
    comparisons: Comparisons,
    stage: DeltaGenerator,
    below: DeltaGenerator,
    panel: DeltaGenerator,
) -> None:
    comparisons.ask(request, entry.case, [other.case for other in worklist_entries()], listening())
    comparisons.settle(SETTLE_SECONDS)
    if refusal := comparisons.refusal(request):
        with panel:
            prediction_panel(card, entry.case, request.target, reading, None, None, "", stale=False)
        with stage:
            _view(entry, None, stale=False)
            provenance(entry.case)
            gate(card, refusal, lambda: st.session_state[ANYWAY].add((request.model, request.subject)))
        return
    fresh, early = comparisons.answer(request), comparisons.early(request)
    coarse = early if isinstance(early, Finished) else None
    shown = fresh or coarse or comparisons.like(request)
    stale = shown is not (fresh or coarse)
    comparison = shown.comparison if shown else None
    preview = early if isinstance(early, Preview) and not shown else None
    with panel:
        mark = preview.clean.prediction if preview else comparisons.mark(card, request.point, request.subject)
        clean = mark if isinstance(mark, Prediction) and (preview or not request.defense) else None
        prediction_panel(card, entry.case, request.target, reading, clean, comparison, behind(request), stale=stale)
    with stage:
        _view(entry, shown or preview, stale=stale)
        provenance(entry.case)
        if fresh is None:
            awaited = () if early else (Finished,) if shown else (Finished, Preview)
            _why_not(comparisons, request, "Refining" if coarse else "Computing", awaited)
    if shown is None or comparison is None:
        below.html('<p class="findings-to-come"></p>')
        return
    with below, st.container(key="findings-stale" if stale else "findings"):
        if shown is coarse:
            message(f"After {COARSE_STEPS} steps of the search; the answer may still change.")
        findings.sentence(comparison, technical=technical(), behind=behind(shown.request))
        findings.caution_list(comparison.cautions)
        findings.table(comparison, technical=technical())
        threat_section(comparison.perturbation, shown.request, technical=technical())
        saved_section(request, shown, entry.case, card)
        steps_section(request, shown, card)


def _view(entry: Entry, shown: Finished | Preview | None, *, stale: bool) -> None:
    chosen = viewer(
        comparison_panes(entry, shown),
        scales=comparison_scales(shown),
        recipe=recipe(shown),
        stale=stale,
        region=st.session_state[REGION],
        can_select=True,
        key=VIEWER,
        on_step=lambda by: step(by, worklist_entries()),
    )
    if chosen != st.session_state[REGION]:
        st.session_state[REGION] = chosen
        st.rerun()


def _sizes(entry: Entry, card: ModelCard, request: Request, spec: ParamSpec, comparisons: Comparisons) -> None:
    """The dial over all that is known at other sizes; what it may be turned to next is computed ahead."""
    epsilon = float(request.perturbation_params.as_dict()[EPSILON])
    place, found = st.container(), comparisons.answer(request)
    shown = found or comparisons.like(request)
    tried = smallest_section(request, shown)
    known = {point.epsilon: point for point in (*tried, *known_sizes(comparisons, request))}
    with place:
        label, threshold = card.labels[request.target], card.thresholds(request.point)[request.target]
        clean = shown.comparison.perturbation.clean if shown else None
        epsilon_dial(request.perturbation, spec, [*known.values()], finding(label), threshold, clean)
    if found is not None:
        offered = stops(spec, epsilon, beyond=False)
        comparisons.prefetch(dict.fromkeys(ahead(request, offered), entry.case), listening())
        if comparisons.ahead:
            _await_news(comparisons)


@st.fragment(run_every=NEWS_SECONDS)
def _await_news(comparisons: Comparisons) -> None:
    if any(job.finished for job in comparisons.ahead.values()):
        st.rerun()


def _pick_target(card: ModelCard) -> int:
    if len(card.labels) == 1:
        return 0
    key = of_model(card.key, "finding")
    st.session_state.setdefault(key, 0)
    labels = range(len(card.labels))
    return int(
        st.selectbox("Finding", labels, format_func=lambda k: finding(card.labels[k]), key=key, persist_state="session")
    )


def _why_not(comparisons: Comparisons, request: Request, doing: str, awaited: tuple[type, ...]) -> None:
    if comparisons.job is not None:
        progress(comparisons.job, doing, comparisons.stop, awaited)
    elif isinstance(comparisons.error, Unsupported):
        halted(f"{comparisons.error} {behind(request)}".strip())
    elif comparisons.error is not None:
        halted(str(comparisons.error), "Try again", comparisons.resume)
    elif comparisons.stopped is not None:
        halted("Canceled before it was finished.", "Run it after all", comparisons.resume)
