"""What is left of the change when the picture is saved, computed when the section is opened; and its files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape

import streamlit as st

from core.values import Case, ModelCard, Prediction
from dashboard.components.message import message
from dashboard.components.progress import progress
from dashboard.components.tables import table
from dashboard.components.words import shape
from dashboard.services.aside import Asides, State
from dashboard.services.finished import Finished, Request
from dashboard.services.saving import SAVED, saved
from dashboard.state import held, listening, technical
from evaluation.altered import as_dicom, as_npy, as_png, mark
from evaluation.goals import wanted
from evaluation.survival import WAYS, Survived
from evaluation.words import percent

STOPPED = "saved stopped"  # the request for which the reader pressed Cancel
SETTLE_SECONDS = 0.5  # what is ready by then needs no progress bar


def saved_section(request: Request, finished: Finished, case: Case, card: ModelCard) -> None:
    """Draw the section, closed at first. request is what is asked for now, of which finished may not yet be the
    answer."""
    opened = st.expander("What is left when it is saved", key="saved", on_change="rerun")
    if not opened.open:
        held(Asides).stop(SAVED)
        return
    with opened:
        if finished.request == request:
            _survival(request, finished, case)
        else:
            message("The result of these settings is not there yet.")
        _files(finished, case, card, ready=finished.request == request)


def _survival(request: Request, finished: Finished, case: Case) -> None:
    asides = held(Asides)
    state = asides.state(SAVED, request)
    if state == State() and st.session_state.get(STOPPED) == request:
        message("Canceled before it was finished.")
        st.button("Compute it after all", key="saved after all", on_click=_forget_stop)
        return
    if state == State():
        asides.begin(SAVED, request, partial(saved, case, finished), listening())
        job = asides.state(SAVED, request).job
        if job is not None:
            job.wait(SETTLE_SECONDS)
        state = asides.state(SAVED, request)
    if state.result is not None:
        _table(state.result, finished)
    elif state.job is not None:
        progress(state.job, "Saving and reading", partial(_stop, request))
    elif state.error is not None:
        message(str(state.error), "error")


def _stop(request: Request) -> None:
    held(Asides).stop(SAVED)
    st.session_state[STOPPED] = request


def _forget_stop() -> None:
    st.session_state[STOPPED] = None


def _table(found: Sequence[Survived], finished: Finished) -> None:
    target, goal = finished.comparison.target, wanted(finished.comparison.perturbation)
    outcome = {"hide": "Hidden", "induce": "Induced", "keep": "As before"}[goal]

    def probability(given: Prediction) -> str:
        value = float(given.probabilities[target])
        said = f"{value:.3f}" if technical() else percent(value).replace(" %", "&nbsp;%")
        return f"{shape(given, target)} {said}"

    rows = [
        (
            escape(WAYS[each.way]),
            probability(each.clean),
            probability(each.perturbed),
            "yes" if each.reached else "no",
        )
        for each in found
    ]
    table(("Way of saving", "Clean", "Perturbed", outcome), rows)


def _files(finished: Finished, case: Case, card: ModelCard, *, ready: bool) -> None:
    perturbation = finished.comparison.perturbation
    marked = f"Marked “{mark(perturbation)}”, no patient data in its header; text in the picture itself stays."
    kind = mark(perturbation).lower().replace(" - ", "-").replace(" ", "-")
    files = (
        (
            "PNG",
            "png",
            "image/png",
            partial(as_png, perturbation, card.key),
            f"As the model sees it, in 8 bits. {marked}",
        ),
        (
            "DICOM",
            "dcm",
            "application/dicom",
            partial(as_dicom, perturbation, card.key, case, finished.geometry),
            f"The change laid over the whole case, in 8 bits, as a Secondary Capture. {marked}",
        ),
        (
            "NPY",
            "npy",
            "application/octet-stream",
            partial(as_npy, perturbation),
            "The very numbers, as the model sees them. The format has no place for a mark: only its name tells.",
        ),
    )
    with st.container(key="saved-files", horizontal=True, gap="small", vertical_alignment="center"):
        st.html('<p class="muted">Save the changed picture</p>', width="content")
        for label, ending, mime, write, meaning in files:
            st.download_button(
                label,
                write,
                f"{kind}-{perturbation.method}.{ending}",
                mime,
                key=f"altered {ending}",
                on_click="ignore",
                disabled=not ready,
                help=meaning,
            )
