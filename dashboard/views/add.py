"""A reader's own model: a card and weights in, a verdict out, and the model is there for this session."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import SecondLookError
from core.values import Format, ModelCard
from dashboard.components.links import link_to_model, link_to_models, page
from dashboard.components.message import message
from dashboard.components.progress import halted, progress
from dashboard.components.verdict import verdict_heading, verdict_list, verdict_to_come
from dashboard.services.adding import Adding, Tried
from dashboard.services.models import choose
from dashboard.services.own import MOST, OwnModels
from dashboard.state import MODEL, held, listening
from model_zoo.checks import WEIGHTS_BYTES, check_uploaded_weights, uploaded_card
from model_zoo.template import card_template

FORMATS: dict[str, Format] = {"safetensors": "timm", "ONNX": "onnx"}
SETTLE_SECONDS = 0.25  # what is ready by then needs no progress bar


def add() -> None:
    """The page."""
    adding = held(Adding)
    adding.settle(0)
    with st.container(key="document"):
        link_to_models()
        st.title("Add a model", anchor=False)
        message(
            "Try your own classifier: its card says what it is, and its weights are checked before it can be used. "
            "Only this session sees it, and it is gone when the session ends."
        )
        with st.container(key="adding", horizontal=True, gap="large"):
            files, result = st.container(key="files"), st.container(key="result")
        with files:
            card_file, weights_file = _files()
            _own()
        with result:
            _result(adding, card_file, weights_file)


def _files() -> tuple[UploadedFile | None, UploadedFile | None]:
    st.header("1. Its card", anchor=False)
    message("A small TOML file. A template explains each field:")
    with st.container(horizontal=True, gap="small"):
        for name, form in FORMATS.items():
            st.download_button(
                f"Template for {name}", card_template(form), f"my_model_{name.lower()}.toml", on_click="ignore"
            )
    with st.container(key="card zone"):
        card = st.file_uploader("Card", key="card file", max_upload_size=1, label_visibility="collapsed")
    st.header("2. Its weights", anchor=False)
    message("safetensors with the weights of a timm architecture, or ONNX that ends with the logits.")
    with st.container(key="weights zone"):
        weights = st.file_uploader(
            "Weights", key="weights file", max_upload_size=WEIGHTS_BYTES >> 20, label_visibility="collapsed"
        )
    return card, weights


def _result(adding: Adding, card_file: UploadedFile | None, weights_file: UploadedFile | None) -> None:
    if (card_file is None) != (weights_file is None):
        adding.forget()  # one of the two was taken back
    try:
        card = uploaded_card(card_file.getvalue()) if card_file else None
        if weights_file:
            check_uploaded_weights(weights_file.getvalue(), card)
    except SecondLookError as error:
        adding.forget()
        message(str(error), "error")
        return
    if card and card_file and weights_file:
        pair = (card_file.file_id, weights_file.file_id)
        adding.ask(pair, card_file.getvalue(), weights_file.getvalue(), listening())
        adding.settle(SETTLE_SECONDS)
    if adding.job is not None:
        verdict_to_come()
        progress(adding.job, "Checking", adding.stop)
    elif adding.stopped:
        verdict_to_come()
        halted("Canceled before it was finished.", "Check it after all", adding.forget)
    elif adding.error is not None:
        message(str(adding.error), "error")
    elif adding.tried is not None:
        _verdict(adding.tried)
    else:
        _missing(card, weights_file)


def _verdict(tried: Tried) -> None:
    verdict_heading(tried.card.name, tried.verdict)
    there = tried.classifier is not None or tried.card.key in held(OwnModels).classifiers
    if there and st.button("Use this model", type="primary", on_click=_use, args=(tried.card,)):
        st.switch_page(page("look"))
    verdict_list(tried.verdict)


def _missing(card: ModelCard | None, weights_file: UploadedFile | None) -> None:
    if card is not None:
        message(f"The card of {card.name!r} can be read. Now choose its weights.")
    elif weights_file is not None:
        message("The weights are here. Now choose their card.")
    verdict_to_come()


def _use(card: ModelCard) -> None:
    classifier = held(Adding).hand_over()
    if classifier is not None:
        held(OwnModels).add(classifier)
    choose(card)


def _own() -> None:
    own = held(OwnModels)
    if not own.classifiers:
        return
    st.header("Yours, in this session", anchor=False)
    message(f"At most {MOST}; the oldest makes room for the next.")
    for card in own.cards():
        with st.container(key=f"own {card.key}", horizontal=True, vertical_alignment="center"):
            link_to_model(card)
            st.button("Remove", key=f"remove {card.key}", on_click=_remove, args=(card.key,))


def _remove(key: str) -> None:
    held(OwnModels).remove(key)
    if st.session_state.get(MODEL) == key:
        del st.session_state[MODEL]
