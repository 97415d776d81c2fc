"""What a first reader sees here, in two sentences, and three things to do next."""

from __future__ import annotations

from html import escape

import streamlit as st

from core.params import ParamSpec
from core.values import Comparison, ModelCard, Prediction
from dashboard.components.epsilon import stops
from dashboard.components.lessons.place import Place, link_to
from dashboard.services.models import models
from dashboard.state import MODEL, param_key
from evaluation.words import finding, gray_levels, percent

SEEN = "welcome seen"


def welcome(card: ModelCard, comparison: Comparison, spec: ParamSpec | None) -> None:
    """Draw the strip until the reader has followed or closed it; spec is the epsilon of the perturbation, if any."""
    if st.session_state.get(SEEN):
        return
    with st.container(key="welcome", horizontal=True, vertical_alignment="center", gap="small"):
        st.html(f'<p class="welcome">{escape(said(comparison))}</p>')
        with st.container(key="welcome-acts", horizontal=True, gap="small"):
            size = float(comparison.perturbation.params.get("epsilon", 0.0))
            smaller = [stop for stop in stops(spec, size, beyond=False) if 0 < stop < size] if spec else []
            if smaller:
                method = comparison.perturbation.method
                st.button("Try a smaller change", on_click=_set, args=(param_key(method, "epsilon"), smaller[-1]))
            twins = [key for key, other in models().items() if (other.role, other.twin) == ("robust", card.key)]
            if twins:
                st.button("Ask the robust twin", on_click=_set, args=(MODEL, twins[0]))
            link_to(Place(), "Take a tour")
            st.button("Got it", on_click=_set, args=(SEEN, True), key="close welcome")


def said(comparison: Comparison) -> str:
    """Two sentences on what is shown, from its numbers."""
    target, before, after = comparison.target, comparison.clean.prediction, comparison.perturbed.prediction
    name, noisy = finding(before.labels[target]), comparison.controlled.prediction
    size = gray_levels(comparison.perturbation.norms.linf_255)
    return (
        f"The model {_flags(before, target)} {name} on the left picture and {_flags(after, target)} it on the right "
        f"one, where pixels were changed by {size}. The colors show what "
        f"its score depends on; random noise of the same size leaves it at {percent(noisy.probabilities[target])}."
    )


def _flags(prediction: Prediction, target: int) -> str:
    return "flags" if prediction.positive[target] else "does not flag"


def _set(key: str, value: object) -> None:
    st.session_state[key] = value
    st.session_state[SEEN] = True
