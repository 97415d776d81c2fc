"""How an iterative attack got there: its curve, and on request its steps with their maps, to be played."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.values import ModelCard
from dashboard.components.message import message
from dashboard.components.player import player
from dashboard.components.progress import progress
from dashboard.services.aside import Asides
from dashboard.services.finished import Finished, Request
from dashboard.services.playback import PLAYBACK, course, playback
from dashboard.state import held, listening, technical
from explainers import EXPLAINERS

FEWEST = 3  # pictures that make a way
HELP = "The picture, its map and the magnified change, after one step of the attack after the other."


def steps_section(request: Request, finished: Finished, card: ModelCard) -> None:
    """Draw the steps of a comparison; nothing where the attack took none, or took them on another model.

    request is what is asked for now, of which finished may not yet be the answer.
    """
    asides = held(Asides)
    state = asides.state(PLAYBACK, request)
    probabilities = course(finished.comparison, card.scale)
    if len(probabilities) < FEWEST or finished.request.unaware:
        return
    with st.container(key="steps"):
        st.html('<h2 class="heading">Step by step</h2>')
        with st.container(key="steps-head", horizontal=True, vertical_alignment="center"):
            if state.job is not None:
                progress(state.job, "Explaining the steps", partial(asides.stop, PLAYBACK))
            elif state.result is None:
                if state.error is not None:
                    message(str(state.error), "error")
                st.button(
                    "Play the steps",
                    on_click=lambda: asides.begin(PLAYBACK, request, partial(playback, finished), listening()),
                    disabled=finished.request != request,
                )
                st.html(f'<p class="muted">{HELP}</p>')
            else:
                attribution = finished.comparison.clean.attribution
                made = f"Maps: {EXPLAINERS[attribution.method].name}, seed {attribution.seed}, all on one scale."
                st.html(f'<p class="muted">{made}</p>')
        player(
            finished.comparison,
            probabilities,
            state.result,
            asked=state.job is not None or state.result is not None,
            technical=technical(),
        )
