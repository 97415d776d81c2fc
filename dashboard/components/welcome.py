"""What a first reader sees here, in two sentences, and three things to do next."""

from __future__ import annotations

from html import escape

import streamlit as st

from core.params import ParamSpec
from core.values import Attribution, Comparison, ModelCard, Prediction
from dashboard.components.epsilon import stops
from dashboard.components.lessons.place import Place, link_to
from dashboard.services.finished import Finished, Preview
from dashboard.services.models import models
from dashboard.services.sizes import EPSILON
from dashboard.state import MODEL, param_key
from evaluation.words import finding, gray_levels, percent
from imaging.overlay import has_evidence

SEEN = "welcome seen"


def welcome(card: ModelCard, shown: Finished | Preview | None, spec: ParamSpec | None) -> None:
    """Draw the strip until the reader has followed or closed it; spec is the epsilon of the perturbation, if any."""
    if st.session_state.get(SEEN):
        return
    with st.container(key="welcome", horizontal=True, vertical_alignment="center", gap="small"):
        st.html(f'<p class="welcome">{escape(_said(shown))}</p>')
        with st.container(key="welcome-acts", horizontal=True, gap="small"):
            if smaller := _smaller(shown, spec):
                st.button("Try a smaller change", on_click=_set, args=smaller)
            twins = [key for key, other in models().items() if (other.role, other.twin) == ("robust", card.key)]
            if twins:
                st.button("Ask the robust twin", on_click=_set, args=(MODEL, twins[0]))
            link_to(Place(), "Take a tour")
            st.button("Got it", on_click=_set, args=(SEEN, True), key="close welcome")


def _smaller(shown: Finished | Preview | None, spec: ParamSpec | None) -> tuple[str, float] | None:
    """The key of epsilon, and the stop below the one on screen."""
    if shown is None or spec is None:
        return None
    request = shown.request
    size = float(request.perturbation_params.as_dict()[EPSILON])
    smaller = [stop for stop in stops(spec, size, beyond=False) if 0 < stop < size]
    return (param_key(request.perturbation, EPSILON), smaller[-1]) if smaller else None


def _said(shown: Finished | Preview | None) -> str:
    if isinstance(shown, Finished):
        return said(shown.comparison)
    if shown is None:
        return "The model is asked about this picture. Then the picture is changed a little, and it is asked again."
    target, prediction = shown.request.target, shown.clean.prediction
    return (
        f"The model {_flags(prediction, target)} {finding(prediction.labels[target])} on this picture. "
        f"{_colors(shown.clean.attribution)}; what it says of the changed picture follows."
    )


def said(comparison: Comparison) -> str:
    """Two sentences on what is shown, from its numbers."""
    target, before, after = comparison.target, comparison.clean.prediction, comparison.perturbed.prediction
    name, noisy = finding(before.labels[target]), comparison.controlled.prediction
    size = gray_levels(comparison.perturbation.norms.linf_255)
    return (
        f"The model {_flags(before, target)} {name} on the left picture and {_flags(after, target)} it on the right "
        f"one, where pixels were changed by {size}. {_colors(comparison.clean.attribution)}; random noise of the "
        f"same size leaves it at {percent(noisy.probabilities[target])}."
    )


def _colors(attribution: Attribution) -> str:
    if not has_evidence(attribution):
        return "The map is zero everywhere, so it shows no colors"
    return "The colors show what its score depends on"


def _flags(prediction: Prediction, target: int) -> str:
    return "flags" if prediction.positive[target] else "does not flag"


def _set(key: str, value: object) -> None:
    st.session_state[key] = value
    st.session_state[SEEN] = True
