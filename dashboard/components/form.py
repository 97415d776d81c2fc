"""Method pickers and parameter forms, drawn from what the methods declare."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Any, TypeVar, cast

import streamlit as st

from core.params import Params, ParamSpec, Value
from core.registry import Method, Registry
from dashboard.components.epsilon import is_epsilon
from dashboard.components.method_text import about
from dashboard.components.picker import picker
from dashboard.components.segments import pick_one
from dashboard.state import method_key, param_key

FINEST_SLIDER = 500  # positions; more can't be hit with a mouse
SHORT_CHOICE = 2

M = TypeVar("M", bound=Method)


def pick_method(registry: Registry[M], default: str, among: Collection[M] = ()) -> M:
    """A picker of the methods of a registry, or of those among them, and the text of the one that is chosen."""
    methods = {method.key: method for method in among or registry}
    key = _kept(method_key(registry.kind), default)
    with st.container(key=f"pick {registry.kind}", horizontal=True, gap=None, vertical_alignment="center"):
        picker(registry.kind, list(methods), key, format_func=lambda key: methods[key].name)
        about(methods[st.session_state[key]])
    return methods[st.session_state[key]]


def pick_params(method: Method) -> Params:
    """The parameters of a method: the first one in sight, the others behind "More settings".

    An epsilon has no widget here: its value stands in the state, and epsilon_dial() turns it.
    """
    first, others = method.params.specs()[:1], method.params.specs()[1:]
    values = {spec.name: _widget(method.key, spec) for spec in first}
    if others:
        with st.expander("More settings", key=f"{method.key} more"):
            values |= {spec.name: _widget(method.key, spec) for spec in others}
    return method.params(**values)


def _kept(key: str, default: Value) -> str:
    """The key, under which the default stands where nothing else does: a link may have put a value there before."""
    if st.session_state.get(key) is None:
        st.session_state[key] = default
    return key


def _widget(owner: str, spec: ParamSpec) -> Value:
    key = _kept(param_key(owner, spec.name), spec.default)
    if is_epsilon(spec):
        return cast(Value, st.session_state[key])
    kept: dict[str, Any] = {"key": key, "help": spec.help, "persist_state": "session"}
    label = spec.name.replace("_", " ").capitalize()
    if isinstance(spec.default, bool):
        return bool(st.toggle(label, **kept))
    if spec.choices:
        if len(spec.choices) > SHORT_CHOICE:
            return str(st.selectbox(label, spec.choices, **kept))
        return pick_one(label, spec.choices, str(spec.default), width="stretch", **kept)
    return _number(label, spec, kept)


def _number(label: str, spec: ParamSpec, kept: dict[str, Any]) -> Value:
    kind: Any = type(spec.default)
    low, high, step = (kind(bound) for bound in (spec.low, spec.high, spec.step or 1))
    decimals = max(0, -int(Decimal(str(spec.step or 1)).normalize().as_tuple().exponent))
    number = "%d" if kind is int else f"%.{decimals}f"
    if (high - low) / step <= FINEST_SLIDER:
        shape = number + spec.unit.replace("%", "%%")
        return cast(Value, st.slider(label, low, high, step=step, format=shape, **kept))
    unit = f" ({spec.unit.strip()})" if spec.unit else ""
    return cast(Value, st.number_input(label + unit, low, high, step=step, format=number, **kept))
