"""Forms are drawn from what the methods declare: one control for each parameter, with its default and its limits."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.registry import Method
from dashboard.components.epsilon import is_epsilon
from dashboard.state import param_key
from explainers import EXPLAINERS
from perturbations import PERTURBATIONS

METHODS: list[Method] = [*EXPLAINERS, *PERTURBATIONS]


def form(package: str, key: str) -> None:
    """Draw the form of one method, and keep what it returns."""
    import importlib

    import streamlit as st

    from dashboard.components.form import pick_params

    registry = getattr(importlib.import_module(package), package.upper())
    st.session_state["result"] = pick_params(registry[key])


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.key)
def test_every_parameter_has_a_control(method: Method) -> None:
    package = method.function.__module__.partition(".")[0]
    app = AppTest.from_function(form, args=(package, method.key), default_timeout=60).run()
    assert not app.exception
    assert app.session_state["result"] == method.params()
    widgets = {
        widget.key: widget
        for kind in (app.slider, app.number_input, app.selectbox, app.segmented_control, app.toggle)
        for widget in kind
    }
    for spec in method.params.specs():
        if is_epsilon(spec):
            assert app.session_state[param_key(method.key, spec.name)] == spec.default
            continue
        widget = widgets.pop(f"{method.key} {spec.name}")
        assert widget.help == spec.help
        if spec.low is not None:
            assert (widget.min, widget.max) == (spec.low, spec.high)
        if spec.choices:
            assert tuple(widget.options) == spec.choices
    assert not widgets


def test_a_changed_control_changes_the_parameters() -> None:
    app = AppTest.from_function(form, args=("perturbations", "pgd"), default_timeout=60).run()
    app.session_state["pgd epsilon"] = 2.5
    app.slider(key="pgd steps").set_value(7).run()
    app.toggle(key="pgd random_start").set_value(True).run()
    params = app.session_state["result"].as_dict()
    assert (params["epsilon"], params["steps"], params["random_start"]) == (2.5, 7, True)
