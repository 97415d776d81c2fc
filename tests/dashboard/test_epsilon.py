"""The stops of the dial, and what rounding to 8 bits does at each."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest

from dashboard.components.epsilon import is_epsilon, stops
from evaluation.rounding import ADVANCED_EPSILONS, EPSILONS
from perturbations import PERTURBATIONS

SPEC = next(filter(is_epsilon, PERTURBATIONS["pgd"].params.specs()))


def dial(levels: float) -> None:
    """Draw the dial of PGD over a picture that lies so many gray levels beside 8-bit levels."""
    import numpy as np
    import streamlit as st

    from dashboard.components.epsilon import epsilon_dial, is_epsilon
    from perturbations import PERTURBATIONS

    spec = next(filter(is_epsilon, PERTURBATIONS["pgd"].params.specs()))
    st.session_state.setdefault("pgd epsilon", 1.0)
    clean = ((np.full((1, 4, 4), 100.0) + levels) / 255).astype(np.float32)
    epsilon_dial("pgd", spec, (), "pneumonia", 0.5, clean)


def drawn(levels: float) -> dict[float, dict[str, Any]]:
    import json

    app = AppTest.from_function(dial, args=(levels,), default_timeout=60).run()
    assert not app.exception
    (component,) = app.get("bidi_component")
    return {stop["epsilon"]: stop for stop in json.loads(component.proto.json)[0]["stops"]}


def test_the_size_that_is_set_is_always_a_stop() -> None:
    assert stops(SPEC, 1.0, beyond=False) == EPSILONS
    assert stops(SPEC, 16.0, beyond=True) == ADVANCED_EPSILONS
    assert stops(SPEC, 0.2375, beyond=False)[3:6] == (0.2, 0.2375, 0.3)


def test_what_is_lost_to_rounding_is_marked_where_the_picture_lies_on_gray_levels() -> None:
    on, between = drawn(0.0), drawn(0.3)
    assert [epsilon for epsilon, stop in on.items() if stop["lost"]] == [0.05, 0.1, 0.2, 0.3, 0.4]
    assert on[0.4]["rounding"] == "lost when saved with 8 bits"
    assert not any(stop["lost"] for stop in between.values())
    assert "was resized for the model" in between[0.4]["rounding"]
    assert between[2.55]["named"] == "Finlayson et al. 2019"
