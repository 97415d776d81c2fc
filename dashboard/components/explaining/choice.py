"""What the reader chooses: the methods, by a preset or one by one, and the finding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.values import ModelCard
from dashboard.components.explaining.setup import Setup
from dashboard.components.message import literal
from dashboard.state import AGAINST, MAPS, of_model
from evaluation.words import finding
from explainers import EXPLAINERS, Explainer

PRESET = "explain preset"  # the name of one
OWN = "Own choice"
PRESETS: Mapping[str, tuple[str, ...]] = {
    "Quick look": ("grad_cam", "hires_cam", "saliency", "input_x_gradient"),
    "Thorough": (
        "grad_cam",
        "hires_cam",
        "smoothgrad",
        "integrated_gradients",
        "lrp",
        "occlusion",
        "rise",
        "shap_partition",
    ),
    "Sanity": ("grad_cam", "guided_backprop", "guided_grad_cam", "input_x_gradient", "eigen_cam"),
}
MEANING = {
    "Quick look": "Four maps at one pass through the model each: there at once.",
    "Thorough": "Gradients, class activation maps, and experiments in which parts of the picture are hidden. "
    "These take a while.",
    "Sanity": "Maps known to look convincing without explaining much, beside Grad-CAM: guided backpropagation repeats "
    "the edges of the picture, input × gradient its bright parts, Eigen-CAM does not know which finding is meant.",
    OWN: "Methods chosen one by one.",
}
FAMILIES = ("Class activation maps", "From gradients", "By experiments on the picture")


def pick_methods(setup: Setup) -> list[Explainer]:
    """The methods whose maps are shown, and a line on why these."""
    state = st.session_state
    chosen: list[str] = state.setdefault(MAPS, list(PRESETS["Quick look"]))
    state[PRESET] = _preset_of(chosen)
    st.segmented_control(
        "Maps",
        [*PRESETS, *([OWN] if state[PRESET] == OWN else [])],
        required=True,
        key=PRESET,
        on_change=_put_preset,
    )
    with st.popover(f"Methods ({len(chosen)})", key="explain-popover"):
        for family in FAMILIES:
            st.html(f'<h2 class="heading">{family}</h2>')
            for method in EXPLAINERS:
                if family_of(method) == family:
                    _offer(method, chosen, setup.why_not(method))
    return [EXPLAINERS[key] for key in chosen]


def meaning_of_choice() -> str:
    """What is to be seen with the methods that are chosen now."""
    return MEANING[st.session_state[PRESET]]


def family_of(method: Explainer) -> str:
    """By what a method needs of the model."""
    if "feature map" in method.needs:
        return FAMILIES[0]
    return FAMILIES[1] if method.needs else FAMILIES[2]


def pick_finding(card: ModelCard) -> tuple[int, int | None]:
    """Positions of the finding that is explained, and of the one it is held against, if any."""
    if len(card.labels) == 1:
        return 0, None
    key, other = of_model(card.key, "finding"), of_model(card.key, AGAINST)
    st.session_state.setdefault(key, 0)
    labels = range(len(card.labels))
    target = int(
        st.selectbox("Explain", labels, format_func=lambda k: finding(card.labels[k]), key=key, persist_state="session")
    )
    if st.session_state.get(other) == target:
        st.session_state[other] = None
    against = st.selectbox(
        "Rather than",
        [None, *(k for k in labels if k != target)],
        format_func=lambda k: "for itself" if k is None else finding(card.labels[k]),
        key=other,
        persist_state="session",
        help="For itself: what the score of the finding depends on. Rather than another: what speaks for the one more "
        "than for the other.",
    )
    if against is not None:
        st.button("The other way round", on_click=_swap, args=(key, other), help="Why not the other?")
    return target, against


def _swap(key: str, other: str) -> None:
    state = st.session_state
    state[key], state[other] = state[other], state[key]


def _preset_of(chosen: Sequence[str]) -> str:
    return next((name for name, methods in PRESETS.items() if set(methods) == set(chosen)), OWN)


def _put_preset() -> None:
    if (preset := st.session_state[PRESET]) in PRESETS:
        st.session_state[MAPS] = list(PRESETS[preset])


def _offer(method: Explainer, chosen: Sequence[str], why_not: str | None) -> None:
    key = f"explain with {method.key}"
    st.session_state[key] = method.key in chosen
    label = literal(method.name) if why_not is None else f"{literal(method.name)} ({literal(why_not)})"
    grey = why_not is not None and not st.session_state[key]  # what is chosen can be left out
    st.checkbox(label, key=key, disabled=grey, on_change=_toggle, args=(method.key,))


def _toggle(key: str) -> None:
    chosen = st.session_state[MAPS]
    st.session_state[MAPS] = [each for each in chosen if each != key] if key in chosen else [*chosen, key]
