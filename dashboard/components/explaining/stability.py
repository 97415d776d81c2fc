"""How stable a map is: made again after changes that nobody sees, and with another model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import streamlit as st

from core.values import Floats, Mask, ModelCard
from dashboard.components.comparison_panes import frame_of, picture_of
from dashboard.components.explaining.maps import STRENGTH, lut_of, scale_of
from dashboard.components.explaining.setup import Setup
from dashboard.components.explaining.trust import none_yet
from dashboard.components.message import message
from dashboard.components.under_way import under_way
from dashboard.components.viewer import Frame, Heat, Pane, Picture, viewer
from dashboard.services import pictures
from dashboard.services.explaining import ROUNDING, About, Explained, Repeated, seen, surrogate_of
from dashboard.services.models import models
from dashboard.state import held, listening, worded
from evaluation.stability import HOLDS, Stability
from evaluation.words import percent
from imaging.overlay import display_scale

ORDERS = ((0.9, "nearly the same order"), (0.7, "much the same order"), (0.4, "a similar order"))
KEY = "explain stability viewer"


def stability(setup: Setup, found: Explained | None) -> None:
    """Draw the button, what was found in words, and where the map is stable."""
    st.html('<h2 class="heading">How stable is it?</h2>')
    repeated = held(Repeated)
    if found is None:
        repeated.ask_for({}, listening())
        message(none_yet(setup))
        return
    surrogate = surrogate_of(setup.card, setup.label, models()) if setup.against is None else None
    abouts, plan = [About(found.question)], _plan(surrogate, setup.against is not None)
    if surrogate is not None:
        abouts.append(About(found.question, other=surrogate.key, weights=surrogate.sha256))
    tasks = {about: repeated.task(about, setup.entry.case, found.attribution) for about in abouts}
    repeated.ask_for(tasks, listening())
    drawn, results = repeated.done, {about: repeated.get(about) for about in abouts}
    with st.container(key="explain-stability", horizontal=True, vertical_alignment="center"):
        if not under_way(repeated, "repeats", drawn) and not all(results.values()):
            images = sum(task.cost for task in tasks.values())
            st.button(
                "Make it again",
                key="make it again",
                type="primary",
                on_click=_ask,
                args=(repeated, frozenset(abouts)),
                help=f"{plan} About {images:,} images through the model.",
            )
            st.html(f'<p class="muted">{escape(plan)}</p>')
    there = {about: result for about, result in results.items() if result is not None}
    for about in abouts:
        if about in repeated.errors:
            message(str(repeated.errors[about]), "error")
    if there:
        kept = seen(found.attribution, setup.card)
        said = " ".join(in_words(about, result, found.attribution.signed, kept) for about, result in there.items())
        st.html(f'<p class="sentence" role="status">{escape(said)}</p>')
        _panes(setup, found, there)


def in_words(about: About, result: Stability, signed: bool, kept: Mask) -> str:
    """What repeats say, for a reader who knows no statistics; kept (h, w): see services.explaining.seen."""
    order = next((words for least, words in ORDERS if result.rank_correlation >= least), "another order")
    number = "undefined" if np.isnan(result.rank_correlation) else f"{result.rank_correlation:.2f}".replace("-", "−")
    share = percent(float(result.stable[kept].mean()))
    rule = "the sign holds" if signed else "the rank holds within a tenth"
    chance = f"by chance: {percent(result.chance)}"
    if about.other:
        return (
            f"A second model of the same task, trained on its own, puts the places in {order} (rank correlation "
            f"{number}); in {share} of the places {rule} in both ({chance})."
        )
    least = math.ceil(HOLDS * result.maps)
    repeats = f"all {result.maps}" if least == result.maps else f"at least {least} of {result.maps}"
    return (
        f"When each value moves by as much as rounding to 8 bits can move it, {result.maps} repeats put the places in "
        f"{order} (mean rank correlation {number}); in {share} of the places {rule} in {repeats} "
        f"repeats ({chance})."
    )


def _plan(surrogate: ModelCard | None, contrast: bool) -> str:
    plan = f"Makes the map again on {ROUNDING} copies of the picture that no reader could tell from it"
    if contrast:
        return f"{plan}."
    return f"{plan}, and with the surrogate model." if surrogate else f"{plan}. There is no second model to ask."


def _ask(repeated: Repeated, abouts: frozenset[About]) -> None:
    repeated.asked = abouts
    repeated.resume()


def _panes(setup: Setup, found: Explained, results: Mapping[About, Stability]) -> None:
    frame, picture = frame_of(setup.entry.case), picture_of(setup.entry.case, setup.entry.picture)
    panes = [pane for about, result in results.items() for pane in _of(about, result, found, frame, picture)]
    bars = list(dict.fromkeys([scale_of(found.question.explainer), STRENGTH]))
    viewer(panes, columns=3, scales=bars, long_heads=True, key=KEY, steps="")


def _of(about: About, result: Stability, found: Explained, frame: Frame, picture: Picture) -> Sequence[Pane]:
    """The mean of the maps, where that holds, and how far they are from it; the first two on the scale of the map."""
    name, mean, holds, spread = (
        ("models", "Mean of both models", "Where both agree", "How far both differ")
        if about.other
        else ("rounding", f"Mean of {result.maps} repeats", "Where repeats agree", "How far repeats move")
    )
    box, unit, signed = pictures.frame_box(found.geometry), worded(found.attribution.unit), found.attribution.signed
    _, most = display_scale([result.deviation], False)

    def pane(what: str, title: str, heat: Floats, low: float, high: float, signed: bool) -> Pane:
        shown = Heat(pictures.heat_levels(heat, low, high), box, lut_of(signed), signed, low, high, unit)
        ends = f"{low:.3g} to {high:.3g} {unit}".replace("-", "−")
        place = f"Strongest in the {pictures.strongest_place(heat)} of the picture."
        return Pane(f"{name} {what}", title, ends, frame, picture, shown, summary=f"{title}. {place}")

    return (
        pane("mean", mean, result.mean, found.low, found.high, signed),
        pane("stable", holds, result.mean * result.stable, found.low, found.high, signed),
        pane("spread", spread, result.deviation, 0.0, most, False),
    )
