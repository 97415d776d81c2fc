"""Maps of one case by several methods side by side, whether they agree, and whether to believe one of them.

The page takes its state from the session: MAPS (keys of explainers) and CLOSER (one of them); case, model, finding,
settings of the methods, seed and rectangle are those of the other pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from pathlib import Path

import numpy as np
import streamlit as st

from core.errors import Unsupported
from core.params import Params
from core.values import ModelCard, Prediction
from dashboard.components import explaining
from dashboard.components.controls import region_form
from dashboard.components.explaining import Setup
from dashboard.components.explaining.choice import meaning_of_choice
from dashboard.components.findings import caution_list
from dashboard.components.message import message
from dashboard.components.progress import gate
from dashboard.components.under_way import under_way
from dashboard.components.words import shape
from dashboard.services import address
from dashboard.services.cases import current_entry
from dashboard.services.explaining import Combined, Explained, Maps
from dashboard.services.models import models
from dashboard.services.own import OwnModels
from dashboard.state import ANYWAY, EXPLAIN_HERE, MODEL, held, listening, method_key, of_model, point_of, region_in
from defenses import DEFENSES
from evaluation.cautions import case_cautions, map_cautions
from evaluation.suitability import NotSuitable
from evaluation.words import finding, percent
from explainers import EXPLAINERS
from imaging.overlay import has_evidence

STYLE = Path(explaining.__file__).parent / "explaining.css"
SETTLE_SECONDS = 0.25  # what is ready by then needs no second drawing


def explain() -> None:
    """The page."""
    st.html(STYLE)
    entry, key = current_entry(), st.session_state[MODEL]
    if entry is None or key is None:
        message("No case yet: drop a file on the Look page." if entry is None else "No model is installed.")
        return
    card, maps, region = models()[key], held(Maps), region_in(entry.case.id)
    with st.container(key="explain-choices", horizontal=True, vertical_alignment="bottom"):
        target, against = explaining.pick_finding(card)
        refused = st.session_state.setdefault(of_model(card.key, f"refused by {card.sha256}"), {})
        setup = Setup(entry, card, target, against, _offers(card, maps), refused)
        methods = explaining.pick_methods(setup)
        (here,) = region_form(EXPLAIN_HERE)
        state = st.container(key="explain-state", horizontal=True, vertical_alignment="center")
    setup = replace(setup, region=region if here else None)
    address.write(address.state_of() | address.maps_state())
    if not methods:
        message("Choose at least one method.")
        return
    questions = [setup.question(method) for method in methods]
    served = [each for each in questions if setup.why_not(each.explainer) is None]
    maps.ask({each: maps.task(each, entry.case) for each in served}, listening())
    maps.wait(SETTLE_SECONDS)
    drawn = maps.done
    offers = _offers(card, maps)
    if setup.offers is None and offers is not None and any(method.unmet(offers) for method in EXPLAINERS):
        st.rerun()  # only now it is known what has to be greyed out
    if newly := _refused(card, maps).items() - refused.items():
        refused.update(newly)
        st.rerun()
    found = [answer for each in questions if (answer := maps.get(each)) is not None]
    telling = [each for each in found if has_evidence(each.attribution)]
    together = held(Combined).of(telling, card) if len(telling) > 1 else None
    refusal = next((error for error in maps.errors.values() if isinstance(error, NotSuitable)), None)
    with st.container(key="explain-viewer"):
        explaining.map_panes(setup, questions, maps, together)
        if refusal is not None:
            insisted = st.session_state.setdefault(ANYWAY, set())
            gate(card, refusal.objections, lambda: insisted.add((key, questions[0].subject)))
    if refusal is not None:
        return
    with state:
        if not under_way(maps, "maps", drawn) and found:
            said = f"{_said(setup, _read(setup, found[0]))} {meaning_of_choice()}"
            st.html(f'<p class="sentence">{escape(said)}</p>')
    if st.session_state.get(method_key(DEFENSES.kind)):
        st.html('<p class="fixed">The maps are of the model itself, without the defense chosen on Look.</p>')
    _cautions(setup, found)
    if together is not None:
        explaining.agreement(together)
    with st.container(key="explain-closer", horizontal=True):
        with st.container(key="explain-settings"):
            method = explaining.pick_chosen(methods)
            chosen = maps.get(setup.question(method))
            explaining.settings_and_files(setup, method, chosen)
        with st.container(key="explain-evidence"):
            explaining.trust(setup, chosen)
            explaining.stability(setup, chosen)


def _offers(card: ModelCard, maps: Maps) -> frozenset[str] | None:
    """What the model offers, once it has been loaded."""
    own = held(OwnModels).classifiers.get(card.key)
    return own.offers if own else maps.offers.get(card.key)


def _refused(card: ModelCard, maps: Maps) -> dict[tuple[str, Params], str]:
    """{method and settings: why} for those that go by the layers of the model, and have no rule for one of them."""
    return {
        (question.method, question.params): error.why
        for question, error in list(maps.errors.items())
        if isinstance(error, Unsupported) and question.model == card.key and "module tree" in question.explainer.needs
    }


def _read(setup: Setup, found: Explained) -> Prediction:
    """What the model says, at the operating point that the reader chose."""
    thresholds = setup.card.thresholds(point_of(setup.card))
    return replace(found.prediction, thresholds=np.asarray(thresholds, dtype=np.float32))


def _said(setup: Setup, prediction: Prediction) -> str:
    """What the model says, and what the maps show."""
    flags = "flags" if prediction.positive[setup.target] else "does not flag"
    probability, threshold = (
        percent(float(each[setup.target])) for each in (prediction.probabilities, prediction.thresholds)
    )
    subject = "that score" if setup.against is None else f"its score for {setup.finding}"
    where = "" if setup.region is None else " inside the rectangle"
    return (
        f"{shape(prediction, setup.target)} The model {flags} {finding(setup.label)}: {probability}, flagged from "
        f"{threshold}. The maps show what {subject} depends on{where}."
    )


def _cautions(setup: Setup, found: Sequence[Explained]) -> None:
    if found:
        case = case_cautions(setup.entry.case, setup.card, _read(setup, found[0]), setup.target)
        maps = {EXPLAINERS[each.question.method].name: each.attribution for each in found}
        if cautions := [*found[0].doubts, *case, *map_cautions(maps)]:
            caution_list(cautions)
