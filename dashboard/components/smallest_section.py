"""The smallest change that flips the decision: a button, the search, and what it found."""

from __future__ import annotations

from functools import partial
from html import escape

import streamlit as st

from dashboard.components.epsilon import is_epsilon
from dashboard.components.message import message
from dashboard.components.progress import progress
from dashboard.services.aside import Asides
from dashboard.services.finished import Finished, Request
from dashboard.services.flip import FLIP, Flip, smallest_flip, sought
from dashboard.services.sizes import Known
from dashboard.state import held, listening, param_key, technical
from evaluation.words import gray_levels, level
from perturbations import PERTURBATIONS, Threat


def smallest_section(request: Request, finished: Finished | None) -> tuple[Known, ...]:
    """Draw the search, where it is for the model as it is attacked, by a perturbation that has an epsilon and may flip
    the decision; returns the sizes that it tried, for the dial.

    request is what is asked for now, of which finished, where there is any, may not yet be the answer.
    """
    method, asides = PERTURBATIONS[request.perturbation], held(Asides)
    keeps = method.threat is Threat.EXPLANATION
    if keeps or request.unaware or not any(map(is_epsilon, method.params.specs())):
        asides.stop(FLIP)
        return ()
    key, state = sought(request), asides.state(FLIP, sought(request))
    same = finished and finished.request.perturbation == request.perturbation and sought(finished.request) == key
    start = finished if same else None

    def begin() -> None:
        if start:
            asides.begin(FLIP, key, partial(smallest_flip, start), listening())

    with st.container(key="smallest"):
        if state.job is not None:
            progress(state.job, "Searching", partial(asides.stop, FLIP))
        elif state.result is not None:
            _show(request, state.result)
        else:
            if state.error is not None:
                message(str(state.error), "error")
            st.button(
                "Find the smallest change that flips it",
                on_click=begin,
                disabled=start is None,
                help="Tries larger and smaller sizes, with the settings above, until the smallest is known to about "
                "a twentieth.",
                width="stretch",
            )
    return state.result.known if state.result else ()


def _show(request: Request, flip: Flip) -> None:
    facts = f'<span class="muted">{escape(_facts(flip))}</span>' if technical() else ""
    st.html(f'<p class="smallest" role="status">{escape(said(flip))} {facts}</p>')
    if flip.epsilon:
        here = request.perturbation_params.as_dict()["epsilon"] == flip.epsilon
        st.button("Use it", on_click=_use, args=(request.perturbation, flip.epsilon), disabled=here)


def _use(method: str, epsilon: float) -> None:
    st.session_state[param_key(method, "epsilon")] = epsilon


def said(flip: Flip) -> str:
    """What was found, in words."""
    if flip.epsilon is None:
        return (
            f"No change up to {flip.searched_to:g}/255 was found that flips the decision. That is no proof that there "
            "is none: a longer search, or another, may find one."
        )
    if flip.saved is None:
        state = "does not flag it" if flip.direction == "hide" else "flags it"
        return f"No change is needed: the model {state} already."
    verb = "hides" if flip.direction == "hide" else "induces"
    size = f"{level(flip.epsilon)}/255, {gray_levels(flip.epsilon)}"
    lost = "no" if flip.saved.eight_bit else "yes"
    return (
        f"A change of {size}, is the smallest found that flips the decision: it {verb} the finding. Lost when saved "
        f"with 8 bits: {lost}. A longer search may find a smaller one."
    )


def _facts(flip: Flip) -> str:
    jpeg = "" if flip.saved is None else f"after JPEG 95: goal {'reached' if flip.saved.jpeg else 'missed'}; "
    return (
        f"{jpeg}{len(flip.known) - 1} sizes tried, {flip.queries} images sent through the model, {flip.seconds:.1f} s."
    )
