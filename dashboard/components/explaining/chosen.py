"""One of the maps: what its method is, its settings, and its files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from dashboard.components.explaining.setup import Setup
from dashboard.components.form import pick_params
from dashboard.components.method_text import method_text
from dashboard.services.explaining import Explained
from dashboard.services.map_files import as_dicom, as_npy, as_png
from dashboard.state import CLOSER
from explainers import EXPLAINERS, Explainer


def pick_chosen(methods: Sequence[Explainer]) -> Explainer:
    """The map that is looked at more closely; by default the first."""
    keys = [method.key for method in methods]
    if st.session_state.get(CLOSER) not in keys:
        st.session_state[CLOSER] = keys[0]
    key = st.selectbox(
        "A closer look at",
        keys,
        format_func=lambda key: EXPLAINERS[key].name,
        key=CLOSER,
        persist_state="session",
    )
    return EXPLAINERS[key]


def settings_and_files(setup: Setup, method: Explainer, found: Explained | None) -> None:
    """Draw the text of the method, its settings, and what can be saved."""
    with st.expander("About this method", key="explain about"):
        method_text(method)
    if method.params.specs():
        pick_params(method)
    else:
        st.html('<p class="muted">This method has no settings.</p>')
    st.html('<h2 class="heading">Save this map</h2>')
    name = f"second-look-{method.key}"
    files = (
        ("PNG", "png", "image/png", as_png, "The picture with the map, its color bar, and the notice."),
        ("DICOM", "dcm", "application/dicom", as_dicom, "The same over the case as a Secondary Capture: rows, columns "
         "and pixel spacing of the case, and no patient data."),
    )  # fmt: skip
    with st.container(key="explain-files", horizontal=True, gap="small"):
        for label, ending, mime, write, meaning in files:
            st.download_button(
                label,
                partial(write, setup.entry.case, found) if found else b"",
                f"{name}.{ending}",
                mime,
                key=f"save {ending}",
                on_click="ignore",
                disabled=found is None,
                help=meaning,
            )
        st.download_button(
            "NPY",
            partial(as_npy, found) if found else b"",
            f"{name}.npy",
            "application/octet-stream",
            key="save npy",
            on_click="ignore",
            disabled=found is None,
            help="The raw numbers of the map as the model sees the picture, before any scaling.",
        )
