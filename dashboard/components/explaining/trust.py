"""Does this map deserve trust? What the measures say of it, on demand, with curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st

from core.errors import InputError
from core.values import Assessment, Attribution
from dashboard.components.explaining.setup import Setup
from dashboard.components.figures.theme import MAIN, OTHER, canvas, draw
from dashboard.components.glossary import opened
from dashboard.components.message import message
from dashboard.components.segments import pick_one
from dashboard.components.tables import table
from dashboard.components.under_way import under_way
from dashboard.services.explaining import About, Explained, Measured, seen
from dashboard.state import CLOSER, held, listening, region_in, technical, worded
from evaluation.regions import Place, findings_of, mask_of
from evaluation.verdicts import (
    DIGITS,
    FIXED,
    HIT_OR_MISS,
    adds_up,
    elsewhere,
    good,
    overall,
    verdict,
)
from explainers import EXPLAINERS
from explainers.metrics import MEASURES, Measure

HEAD = ("Measure", "Verdict", "This map", "Better", "Random maps", "Central blob")
COMPLETENESS = (
    "By how much the values of the map, added up, miss the difference of the raw scores (logits) of the picture and of "
    "the baseline that it is compared with; with layer-wise relevance propagation, the raw score itself. Only some "
    "methods promise that nothing is lost. Maps that know nothing have no scale of their own to compare with."
)
FIGURE = 300  # pixels
DRAW_ONE = (
    "To mark one, draw a rectangle in a picture where the model sees it, and choose “Use the last rectangle” (a) among "
    "the tools above the maps."
)
CHOOSE_IT = "Your rectangle can stand for one: choose it above."
KEPT_INSIDE = "A map that is kept inside the rectangle can only be held against what is marked inside it."
NOTHING = "–"
PLACE, PLACE_OF = "explain place", "explain place of"  # what maps are held against, by name; in the case of this id


def trust(setup: Setup, found: Explained | None) -> None:
    """Draw the button, the table with what is known, and the curves."""
    st.html('<h2 class="heading">Does this map deserve trust?</h2>')
    measured = held(Measured)
    if found is None:
        measured.ask_for({}, listening())
        message(none_yet(setup))
        return
    places = _places(setup, found)
    region = _pick_place(places, setup.entry.case.id)
    abouts = _abouts(found, region)
    tasks = {about: measured.task(about, setup.entry.case, found.attribution) for about in abouts}
    order = sorted(abouts, key=lambda about: tasks[about].cost)
    if not measured.stopped and measured.asked.intersection(abouts):  # a place that was chosen since costs no pass
        measured.asked |= {about for about in abouts if about.region is not None}
    measured.ask_for({about: tasks[about] for about in order}, listening())
    drawn, results = measured.done, {about: measured.get(about) for about in abouts}
    missing = [about for about, result in results.items() if result is None and about not in measured.errors]
    with st.container(key="explain-trust", horizontal=True, vertical_alignment="center"):
        if not under_way(measured, "measures", drawn):
            there = [result for result in results.values() if result]
            if missing:
                images = sum(tasks[about].cost for about in missing)
                st.button(
                    "Put it to the test",
                    key="put to the test",
                    type="primary",
                    on_click=_ask,
                    args=(measured, frozenset(abouts)),
                    help=f"Takes every measure below: about {images:,} images through the model.",
                )
                st.html(
                    '<p class="muted">Each score stands beside those of maps which know nothing: random ones, and a '
                    "blob in the center.</p>"
                )
            elif there:
                said = overall(there if isinstance(region, str) else elsewhere(there))
                st.html(f'<p class="sentence" role="status">{escape(said)}</p>')
    _table(found.attribution, results, measured)
    st.html(f'<p class="fixed">{escape(_about_place(setup, places, region))}</p>')
    unmet = [f"{measure.name} {why}" for measure in MEASURES if (why := _unmet(measure, found)) is not None]
    if unmet:
        st.html(f'<p class="fixed">{escape(". ".join(unmet))}.</p>')
    _curves([result for result in results.values() if result and result.curve])


def none_yet(setup: Setup) -> str:
    """Why there is no map to say anything about."""
    why_not = setup.why_not(EXPLAINERS[st.session_state[CLOSER]])
    return "The map is not there yet." if why_not is None else "This method can't serve the model: choose another map."


def _places(setup: Setup, found: Explained) -> list[Place]:
    """What the map may be held against, where it may have heat: marked findings, and the rectangle that is drawn, but
    where the map was kept inside it."""
    case = setup.entry.case
    rectangle = None if setup.region else region_in(case.id)
    places: list[Place] = [*findings_of(case), *([rectangle] if rectangle else [])]
    return [place for place in places if _may_be_hit(place, setup, found)]


def _may_be_hit(place: Place, setup: Setup, found: Explained) -> bool:
    try:
        mask = mask_of(place, setup.entry.case, found.geometry, setup.card.input)
    except InputError:
        return False
    return mask is not None and bool((mask & seen(found.attribution, setup.card)).any())


def _pick_place(places: Sequence[Place], case: str) -> Place | None:
    """The one that the reader chose in this case; a rectangle has other uses too, and is meant only if chosen."""
    options = [*places] if places and isinstance(places[0], str) else [None, *places]
    if len(options) == 1:
        return options[0]
    names = [_name_of(place) for place in options]
    if st.session_state.get(PLACE) not in names or st.session_state.get(PLACE_OF) != case:
        st.session_state[PLACE], st.session_state[PLACE_OF] = names[0], case
    name = pick_one("Hold the map against", names, names[0], key=PLACE, persist_state="session")
    return options[names.index(name)]


def _name_of(place: Place | None) -> str:
    return "Nothing" if place is None else place.capitalize() if isinstance(place, str) else "My rectangle"


def _about_place(setup: Setup, places: Sequence[Place], place: Place | None) -> str:
    if place is None:
        marked = " and ".join(setup.entry.case.regions) or "nothing"
        how = CHOOSE_IT if places else KEPT_INSIDE if setup.region else DRAW_ONE
        return (
            "Measures of place (pointing game, mass inside, IoU, localization AUC) need a marked finding that the "
            f"model sees, which this case does not have (marked: {marked}). {how}"
        )
    if isinstance(place, str):
        return (
            f'Measures of place hold the map against the marked region "{place}". They do not know whether '
            f"{setup.finding} lies there, nor whether the model has reasons elsewhere."
        )
    return (
        "Measures of place hold the map against the rectangle that you drew. They do not count in how many measures "
        "speak for the map: a rectangle that was drawn after a look at it proves nothing."
    )


def _abouts(found: Explained, region: Place | None) -> list[About]:
    offers = found.offers | ({"region"} if region else set())
    return [
        About(found.question, measure.key, region if "region" in measure.needs else None)
        for measure in MEASURES
        if measure.unmet(offers) is None
    ]


def _unmet(measure: Measure, found: Explained) -> str | None:
    return measure.unmet(found.offers | {"region"})


def _ask(measured: Measured, abouts: frozenset[About]) -> None:
    measured.asked = abouts
    measured.resume()


def _table(attribution: Attribution, results: Mapping[About, Assessment | None], measured: Measured) -> None:
    rows = [_completeness(attribution)]
    for about, result in results.items():
        measure, error = MEASURES[about.measure], measured.errors.get(about)
        if result is None:
            said = escape(f"{error.what}: {error.why}.") if error else NOTHING
            rows.append([_name(measure), said, NOTHING, measure.better, NOTHING, NOTHING])
        else:
            words = verdict(result)
            mark = "●" if good(words) else "○"
            own, center = (_number(score.value) for score in (result.score, result.center))
            rows.append(
                [
                    _name(measure),
                    f"{mark} {escape(words)}",
                    _with_unit(own, worded(measure.unit)),
                    measure.better,
                    _random(result),
                    center,
                ]
            )
    with st.container(key="explain-table"):
        table(HEAD, rows, texts=[1])


def _random(result: Assessment) -> str:
    mean, best = _number(result.random.value), _number(result.random_best)
    return (
        mean
        if result.measure in FIXED.keys() | HIT_OR_MISS or best in (mean, NOTHING)
        else f"{mean} <small>best {best}</small>"
    )


def _completeness(attribution: Attribution) -> list[str]:
    """What is known with the map itself. Maps that know nothing have no scale that could add up to anything."""
    said, speaks = adds_up(attribution)
    own = NOTHING if attribution.residual is None else _with_unit(_number(attribution.residual), worded("logits"))
    verdict = said if speaks is None else f"{'●' if speaks else '○'} {said}"
    return [opened("Completeness", COMPLETENESS), escape(verdict), own, "nearer 0", NOTHING, NOTHING]


def _name(measure: Measure) -> str:
    """The name, which opens what it is, and in the technical wording also when to distrust it."""
    parts = [part.partition(".** ")[2] for part in measure.text.split("\n\n")]
    return opened(measure.name, " ".join(parts[::2][: 1 + technical()]))


def _with_unit(number: str, unit: str) -> str:
    return f"{number} <small>{escape(unit)}</small>" if unit and number != NOTHING else number


def _number(value: float) -> str:
    return NOTHING if math.isnan(value) else f"{round(value, DIGITS) + 0.0:.2f}".replace("-", "−")


def _curves(results: Sequence[Assessment]) -> None:
    if not results:
        return
    with st.container(key="explain-curves"):
        for result in results:
            measure = MEASURES[result.measure]
            with st.container(key=f"curve {measure.key}"):
                st.html(f'<h3 class="heading">{escape(measure.name)}</h3>')
                alt = f"{measure.name}: the curve of this map and that of a random map"
                draw(_curve(measure, result), f"explain {measure.key}", alt)


def _curve(measure: Measure, result: Assessment) -> Any:
    assert measure.axes is not None, "a measure with a curve names its axes"
    across, up = measure.axes
    if not technical():
        up = up.replace("logit", "raw score (logit)")
    figure = canvas(across.capitalize(), up.capitalize(), height=FIGURE, legend=36)
    figure.update_yaxes(range=None, autorange=True, dtick=None)
    lines = (("this map", result.curve, MAIN, "solid"), ("random map", result.random_curve, OTHER, "dot"))
    for name, curve, color, dash in lines:
        x, y = zip(*curve, strict=True)
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines+markers" if len(x) < 10 else "lines",
            line={"color": color, "width": 2, "dash": dash},
            name=name,
            hovertemplate=f"{name}: %{{y:.2f}} at %{{x:.2f}}<extra></extra>",
        )
    return figure
