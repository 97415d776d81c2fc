"""The state of a view in the address of the page, so that a link shows what its sender sees, and back leads back.

Each run of the page first follows the address, unless it is the one that was written last or one that the browser sent
before it read that, and then writes down what it shows. Parameters at their defaults are left out, but for epsilon. An
upload stands there by its content hash, which means something only in the session that holds it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.errors import InputError, SecondLookError
from core.registry import Method, Registry
from core.values import MODALITIES, Direction, Modality, ModelCard
from dashboard.services.cases import current_entry, worklist_entries
from dashboard.services.models import choose, offered
from dashboard.state import (
    AGAINST,
    ATTACK_HERE,
    CASE,
    CLOSER,
    COLUMNS,
    EXPLAIN_HERE,
    GOAL,
    KNOWS,
    MAPS,
    MODEL,
    OUTSIDE,
    REGION,
    REGION_OF,
    ROWS,
    SEED,
    WHERE,
    held,
    method_key,
    of_model,
    on_axis,
    param_key,
    params_of,
)
from evaluation.regions import BORDER
from evaluation.words import in_sentence

OVERTAKEN_SECONDS = 15.0  # how long a browser that is busy may still send an address that it has left
DIRECTIONS: Mapping[str, Direction | None] = {"Flip": None, "Hide": "hide", "Induce": "induce"}
GOALS = tuple(DIRECTIONS)
HIGHEST_SEED = 2**31 - 1
HERE = {"attack": ATTACK_HERE, "explain": EXPLAIN_HERE}  # what is done only inside the rectangle
UNAWARE = "unaware"  # of the defense
DEFENSE = method_key("Defense")
DEFAULT_HERE, NOWHERE = "attack", "nothing"
AXES = ("case", "model", "explainer", "perturbation", "defense")  # of the compare page


@dataclass
class Address:
    """Where the browser of this session is, or will be once it reads what was written; where it was, and when it left;
    and what the last link asked for in vain."""

    here: Mapping[str, str] = field(default_factory=dict)
    left: list[tuple[float, Mapping[str, str]]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def move(self, to: Mapping[str, str]) -> None:
        now = time.monotonic()
        self.left = [(when, where) for when, where in self.left if now - when < OVERTAKEN_SECONDS]
        if to != self.here:
            self.left.append((now, self.here))
            self.here = to

    def overtaken(self, asked: Mapping[str, str]) -> bool:
        """Whether the browser sent this before it read what was written since."""
        now = time.monotonic()
        return any(where == asked and now - when < OVERTAKEN_SECONDS for when, where in self.left)


def follow() -> None:
    """Put into the state what the address asks for, where it is not what is shown; call before any picker is drawn."""
    own, asked = held(Address), dict(st.query_params.items())
    if not asked:  # a link to a page alone
        own.here = {}
    if asked == own.here or (own.overtaken(asked) and not _traveling()):
        return
    own.move(asked)
    own.refused = []
    for put in (_put_case, _put_model, _put_methods, _put_goal, _put_grid, _put_maps):
        try:
            put(asked)
        except SecondLookError as error:
            own.refused.append(str(error))


def elsewhere() -> None:
    """The reader is on a page that does not follow the address: what leads back from there was not overtaken."""
    held(Address).left.clear()


def _traveling() -> bool:
    """Whether the reader went back or forward to the address of this run."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def write(shown: Mapping[str, str]) -> None:
    """Write down what is shown; see state_of."""
    own = held(Address)
    if shown != own.here:
        st.query_params.from_dict(shown)
    own.move(dict(shown))


def state_of() -> dict[str, str]:
    """What the pickers say now, as an address."""
    return {name: text for name, text in _parts() if text}


def grid_state() -> dict[str, str]:
    """What the pickers of the compare page say now, beside state_of."""
    state, names = st.session_state, {entry.case.id: entry.address for entry in worklist_entries()}
    sides = {"rows": state.get(ROWS), "columns": state.get(COLUMNS)}
    chosen = {side: axis for side, axis in sides.items() if axis}
    for axis in list(chosen.values()):
        chosen[on_axis(axis)] = ",".join(names.get(key, key) for key in state.get(on_axis(axis)) or ())
    return {name.replace(" ", "."): text for name, text in chosen.items() if text}


def maps_state() -> dict[str, str]:
    """What the pickers of the explain page say now, beside state_of."""
    return {name: text for name, text in _map_parts() if text}


def _map_parts() -> Iterator[tuple[str, str]]:
    state, methods = st.session_state, _methods()["explainer"]
    keys = state.get(MAPS) or []
    yield "maps", ",".join(keys)
    yield "closer", state[CLOSER] if state.get(CLOSER) in keys[1:] else ""
    card = offered().get(state.get(MODEL, ""))
    against = state.get(of_model(card.key, AGAINST)) if card else None
    yield "against", card.labels[against] if card is not None and against is not None else ""
    for key in keys:
        yield from _settings(methods[key], key)


def _parts() -> Iterator[tuple[str, str]]:
    state = st.session_state
    entries = {entry.case.id: entry for entry in worklist_entries()}
    entry, card = entries.get(state.get(CASE, "")), offered().get(state.get(MODEL, ""))
    yield "case", entry.address if entry else ""
    if card is not None:
        yield "model", card.key
        target = state.get(of_model(card.key, "finding"), 0)
        yield "finding", card.labels[target] if target else ""
        point = state.get(of_model(card.key, "operating point"))
        yield "point", "" if point in (None, next(iter(card.operating_points))) else point
    for name, registry in _methods().items():
        key = state.get(method_key(registry.kind))
        if not key:
            continue
        yield name, key
        yield from _settings(registry[key], name)
    yield "attacker", UNAWARE if state.get(DEFENSE) and not state.get(KNOWS, True) else ""
    goal = state.get(GOAL)
    yield "goal", "" if goal in (None, GOALS[0]) else goal.lower()
    yield "seed", str(state.get(SEED) or "")
    region = state.get(REGION)
    yield "region", ",".join(f"{edge:.4g}" for edge in region or ())
    here = [name for name, key in HERE.items() if state.get(key, name == DEFAULT_HERE)]
    yield "where", state.get(WHERE) or ""
    yield "outside", "1" if state.get(OUTSIDE) and (region or state.get(WHERE)) else ""
    yield "inside", "" if region is None or here == [DEFAULT_HERE] else ",".join(here) or NOWHERE


def _methods() -> Mapping[str, Registry[Any]]:
    from defenses import DEFENSES
    from explainers import EXPLAINERS  # with torch, which takes seconds: the frame is there before
    from perturbations import PERTURBATIONS

    return {"attack": PERTURBATIONS, "explainer": EXPLAINERS, "defense": DEFENSES}


def _settings(method: Method, name: str) -> Iterator[tuple[str, str]]:
    params = params_of(method).as_dict()
    for spec in method.params.specs():
        value = params[spec.name]
        if value != spec.default or spec.name == "epsilon":
            yield _param(name, spec.name), f"{value:g}" if isinstance(value, float) else str(value)


def _put_settings(method: Method, name: str, asked: Mapping[str, str]) -> None:
    names = {spec.name: _param(name, spec.name) for spec in method.params.specs()}
    params = method.params.parse({spec: asked[part] for spec, part in names.items() if part in asked})
    for parameter, value in params.as_dict().items():
        st.session_state[param_key(method.key, parameter)] = value


def _param(name: str, spec: str) -> str:
    return spec if name == "attack" else f"{name}.{spec}"


def _put_case(asked: Mapping[str, str]) -> None:
    if "case" not in asked:
        return
    named = {entry.address: entry for entry in worklist_entries()}
    entry = named.get(asked["case"])
    if entry is None:
        raise InputError(
            f"The case {asked['case'][:40]!r} of the link",
            "is not here: an uploaded image is held only by the session it was dropped into",
            "Drop the file into the list, or choose another case.",
        )
    st.session_state[CASE] = entry.case.id


def _put_model(asked: Mapping[str, str]) -> None:
    if "model" not in asked:
        return
    card = offered().get(asked["model"])
    if card is None:
        raise InputError(
            f"The model {asked['model'][:40]!r} of the link", "is not installed here", "Choose another model."
        )
    choose(card, keep_case="case" in asked)
    _put_reading(card, asked)


def _put_reading(card: ModelCard, asked: Mapping[str, str]) -> None:
    finding, point = asked.get("finding", card.labels[0]), asked.get("point", next(iter(card.operating_points)))
    for what, choice, there in (("finding", finding, card.labels), ("operating point", point, card.operating_points)):
        if choice not in there:
            raise InputError(f"The {what} {choice[:40]!r} of the link", f"is none of {card.key}", "Choose another.")
    if len(card.labels) > 1:
        st.session_state[of_model(card.key, "finding")] = card.labels.index(finding)
    if len(card.operating_points) > 1:
        st.session_state[of_model(card.key, "operating point")] = point


def _put_methods(asked: Mapping[str, str]) -> None:
    st.session_state[DEFENSE] = ""
    st.session_state[KNOWS] = asked.get("attacker") != UNAWARE
    if not asked.keys() & {"attack", "explainer", "defense"}:
        return
    modality = _modality(asked)
    for name, registry in _methods().items():
        if name not in asked:
            continue
        method = registry[asked[name]]
        if name == "attack" and modality is not None and modality not in method.modalities:
            kind = in_sentence(MODALITIES[modality])
            raise InputError(
                f"{method.name} of the link", f"is not for this kind of picture ({kind})", "Choose another."
            )
        _put_settings(method, name, asked)
        st.session_state[method_key(registry.kind)] = method.key


def _modality(asked: Mapping[str, str]) -> Modality | None:
    """What kind of picture a link leads to: a model that it does not name follows the case that it does."""
    entry, card = current_entry(), offered().get(st.session_state.get(MODEL, ""))
    if entry is not None and (card is None or ("model" not in asked and "case" in asked)):
        return entry.case.modality
    return card.input.modality if card else None


def _put_grid(asked: Mapping[str, str]) -> None:
    ids = {entry.address: entry.case.id for entry in worklist_entries()}
    for side, key in (("rows", ROWS), ("columns", COLUMNS)):
        axis = asked.get(side)
        if axis in AXES:
            values = asked.get(on_axis(axis).replace(" ", "."), "")
            st.session_state[key] = axis
            st.session_state[on_axis(axis)] = [ids.get(value, value) for value in values.split(",") if value]


def _put_maps(asked: Mapping[str, str]) -> None:
    if "maps" not in asked:
        return
    methods = [_methods()["explainer"][key] for key in dict.fromkeys(asked["maps"].split(","))]
    for method in methods:
        _put_settings(method, method.key, asked)
    state, keys = st.session_state, [method.key for method in methods]
    state[MAPS], state[CLOSER] = keys, asked["closer"] if asked.get("closer") in keys else keys[0]
    card = offered().get(state.get(MODEL, ""))
    if card is not None and len(card.labels) > 1:
        against = asked.get("against")
        state[of_model(card.key, AGAINST)] = None if against is None else _position(card, against)


def _position(card: ModelCard, finding: str) -> int:
    if finding not in card.labels:
        raise InputError(f"The finding {finding[:40]!r} of the link", f"is none of {card.key}", "Choose another.")
    return card.labels.index(finding)


def _put_goal(asked: Mapping[str, str]) -> None:
    goal, seed, region = asked.get("goal", GOALS[0]).capitalize(), asked.get("seed", "0"), asked.get("region", "")
    if goal not in GOALS:
        raise InputError(f"The goal {goal[:40]!r} of the link", "is none that there is", f"Choose {', '.join(GOALS)}.")
    if not (seed.isdecimal() and len(seed) <= 10 and int(seed) <= HIGHEST_SEED):
        raise InputError(
            f"The seed {seed[:40]!r} of the link", f"is no whole number up to {HIGHEST_SEED}", "Choose one."
        )
    st.session_state[GOAL], st.session_state[SEED] = goal, int(seed)
    place, entry = asked.get("where", ""), current_entry()
    st.session_state[REGION], st.session_state[REGION_OF] = _region(region), entry.case.id if entry else None
    if entry is not None and place not in ("", BORDER, *entry.case.regions):
        raise InputError(f"The region {place[:40]!r} of the link", "is not marked on this case", "Choose another.")
    st.session_state[WHERE], st.session_state[OUTSIDE] = place, asked.get("outside") == "1"
    if region:
        inside = asked.get("inside", DEFAULT_HERE).split(",")
        for name, key in HERE.items():
            st.session_state[key] = name in inside


def _region(text: str) -> tuple[float, float, float, float] | None:
    if not text:
        return None
    try:
        x0, y0, x1, y1 = map(float, text.split(","))
    except ValueError:
        x0 = y0 = x1 = y1 = 0.0
    if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
        rule = "is not left,top,right,bottom in shares of the picture"
        raise InputError(f"The region {text[:40]!r} of the link", rule, "Draw it again.")
    return x0, y0, x1, y1
