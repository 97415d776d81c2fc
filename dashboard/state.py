"""Typed access to what one browser session holds. Nothing here outlives the session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.params import Params
from core.registry import Method
from core.values import Case, ModelCard
from evaluation.regions import BORDER, Place, Rectangle

CASE, MODEL, WORDING = "case", "model", "wording"
PLAIN, TECHNICAL = "Plain", "Technical"
FOLLOWS = "model follows"  # the modality for which a model was picked last
GOAL, SEED, KNOWS = "goal", "seed", "attacker knows"
ORDER = "worklist order"  # ids of the cases that the worklist shows, once the reader has filtered or sorted it
ROWS, COLUMNS = "compare rows", "compare columns"  # keys of axes of the compare page
ANYWAY = "asked anyway"  # {(model, case)} that the reader wants to see though it is out of scope
REGION, REGION_OF = "region", "region of"  # (left, top, right, bottom) in shares of the case of this id
ATTACK_HERE, EXPLAIN_HERE = "attack here", "explain here"
WHERE, OUTSIDE = "attack where", "attack outside"  # the name of a region of the case, or BORDER; all but that
AGAINST = "rather than"  # of_model(model, AGAINST): the position of the finding that another is held against
MAPS, CLOSER = "explain methods", "explain chosen"  # keys of explainers: those of the explain page, and one of them

T = TypeVar("T")


def held(make: Callable[[], T]) -> T:
    """The one object of this class in this session, made on first use."""
    key = f"held {make.__module__}.{make.__qualname__}"
    if key not in st.session_state:
        st.session_state[key] = make()
    value: T = st.session_state[key]
    return value


def stepped(component: str) -> int:
    """How many steps forward the reader had asked a component for, less those back, when they were last taken."""
    counted: int = st.session_state.get(_steps_of(component), 0)
    return counted


def new_steps(component: str) -> int:
    """How many more they are now. The browser counts: a message that comes twice brings no step, and one that comes
    for several presses brings them all."""
    before = stepped(component)
    counted = (st.session_state.get(component) or {}).get("stepped")
    if counted is None:  # the component was left, and begins anew
        return 0
    st.session_state[_steps_of(component)] = counted
    return int(counted - before)


def begin_steps(component: str) -> None:
    """To be called once the component is drawn: a browser that comes back to a new session goes on counting, and what
    it counted before is no step."""
    if _steps_of(component) not in st.session_state:
        new_steps(component)


def _steps_of(component: str) -> str:
    return f"{component} stepped"


def method_key(kind: str) -> str:
    """Under which the picked method of a registry stands."""
    return f"{kind} method"


def param_key(method: str, name: str) -> str:
    """Under which a parameter of a method stands."""
    return f"{method} {name}"


def params_of(method: Method) -> Params:
    """The settings that this session gave a method, by default its own.

    A widget whose page was left before the browser had drawn it says None.
    """
    given = {spec.name: st.session_state.get(param_key(method.key, spec.name)) for spec in method.params.specs()}
    return method.params(**{name: value for name, value in given.items() if value is not None})


def region_in(case: str) -> Rectangle | None:
    """The rectangle that is drawn in the case of this id; one in another case is forgotten."""
    if st.session_state.get(REGION_OF) != case:
        st.session_state[REGION], st.session_state[REGION_OF] = None, case
    region: Rectangle | None = st.session_state[REGION]
    return region


def attacked_in(case: Case, rectangle: Rectangle | None) -> tuple[Place | None, bool]:
    """The only part of a case that may be changed, None for all of it; and whether it is all but that part."""
    state, place = st.session_state, rectangle
    if rectangle is None or not state.get(ATTACK_HERE, True):
        named = state.get(WHERE)
        place = named if named in (*case.regions, BORDER) else None
    return place, place is not None and bool(state.get(OUTSIDE))


def of_model(model: str, what: str) -> str:
    """Under which a choice stands that is made for each model of its own: finding, operating point, coverage."""
    return f"{model} {what}"


def point_of(card: ModelCard) -> str:
    """The operating point that the reader chose for a model, by default its first."""
    point = st.session_state.get(of_model(card.key, "operating point"))
    return str(point) if point in card.operating_points else next(iter(card.operating_points))


def on_axis(axis: str) -> str:
    """Under which the keys of what stands on an axis of the compare page are kept."""
    return f"compare {axis}"


def technical() -> bool:
    """Whether the reader asked for the technical wording and the full tables."""
    return bool(st.session_state.get(WORDING) == TECHNICAL)


def worded(unit: str) -> str:
    """The unit of a map or a measure; in the plain wording a logit is a raw score."""
    return unit if technical() else unit.replace("logits", "raw score")


@dataclass(frozen=True)
class Listening:
    """Whether a session of a server is still open; without a server there is nobody who could leave. Equal means the
    same session."""

    session: str
    server: runtime.Runtime | None = field(compare=False)

    def __call__(self) -> bool:
        return self.server is None or bool(self.server.is_active_session(self.session))


def listening() -> Callable[[], bool]:
    """A function, for any thread, that says whether this session is still open."""
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return Listening("", None)
    return Listening(context.session_id, runtime.get_instance())
