"""A slider for epsilon, fine at the bottom, under the curve of what is known: the probability at each size.

It answers while it is dragged: each stop that it passes is asked for, and those around it are computed ahead.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from core.params import ParamSpec
from core.values import Floats
from dashboard.components.inline import inline_component
from dashboard.services.sizes import EPSILON, Known
from dashboard.state import param_key
from evaluation.rounding import ADVANCED_EPSILONS, EPSILONS, lost_to_rounding, on_gray_levels, rounding_words
from evaluation.words import gray_levels

HERE = Path(__file__).parent
NAMED = {2.55: "Finlayson et al. 2019"}


def is_epsilon(spec: ParamSpec) -> bool:
    """Whether this parameter is the largest change of any pixel."""
    return spec.name == EPSILON and spec.unit == "/255"


def stops(spec: ParamSpec, value: float, *, beyond: bool) -> tuple[float, ...]:
    """The sizes that the dial offers, beyond 4/255 on request, and always the one that is set."""
    offered = {stop for stop in (*EPSILONS, *(ADVANCED_EPSILONS if beyond else ())) if stop <= (spec.high or stop)}
    return tuple(sorted({*offered, value}))


def epsilon_dial(
    method: str, spec: ParamSpec, known: Sequence[Known], finding: str, threshold: float, clean: Floats | None
) -> None:
    """Draw the dial; the size that is set stands under the key of the parameter.

    clean: the picture (C, h, w) that is changed, once it is known, which tells what rounding to 8 bits undoes.
    """
    key, switch = param_key(method, spec.name), f"{method} beyond"
    value = float(st.session_state[key])
    beyond = bool(st.session_state.get(switch, False)) or value > EPSILONS[-1]

    on_levels = None if clean is None else on_gray_levels(clean)

    def choose() -> None:
        chosen = st.session_state[f"{key} dial"].chosen
        if chosen is not None:
            st.session_state[key] = spec.check(float(chosen))

    def widen() -> None:
        if st.session_state[f"{key} dial"].beyond is not None:
            st.session_state[switch] = bool(st.session_state[f"{key} dial"].beyond)
            st.session_state[key] = min(float(st.session_state[key]), EPSILONS[-1])

    inline_component(HERE)(
        data={
            "value": value,
            "stops": [_stop(stop, on_levels) for stop in stops(spec, value, beyond=beyond)],
            "known": [vars(point) for point in known],
            "threshold": threshold,
            "finding": finding,
            "beyond": beyond,
            "meaning": spec.help,
        },
        key=f"{key} dial",
        on_chosen_change=choose,
        on_beyond_change=widen,
    )


def _stop(epsilon: float, on_levels: bool | None) -> dict[str, Any]:
    """One size: in words, whose it is, and what saving with 8 bits does to a change of that size."""
    changes = epsilon > 0 and on_levels is not None
    return {
        "epsilon": epsilon,
        "text": f"{epsilon:g}",
        "said": gray_levels(epsilon) if epsilon else "no change",
        "named": NAMED.get(epsilon, ""),
        "rounding": rounding_words(epsilon, bool(on_levels)) if changes else "",
        "lost": changes and lost_to_rounding(epsilon, bool(on_levels)),
    }
