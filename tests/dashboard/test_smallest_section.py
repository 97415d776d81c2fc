"""The search for the smallest change: its words, its button, and what it hands to the dial."""

from __future__ import annotations

import dataclasses

import pytest
from streamlit.testing.v1 import AppTest

from core.values import Saved
from dashboard.components.smallest_section import said
from dashboard.services import aside
from dashboard.services.flip import Flip, smallest_flip, sought
from dashboard.services.jobs import Cancel
from dashboard.services.sizes import Known, at_size
from dashboard.state import param_key
from explainers import EXPLAINERS
from perturbations import PERTURBATIONS, perturb
from tests.dashboard.answers import CASE, toy_answer, toy_request
from tests.dashboard.steps import errors, settled, shown
from tests.toys import small_cnn_classifier

FOUND = Flip(0.2125, 0.4, "hide", Saved(False, False), (Known(0.0, 0.9, True), Known(0.2125, 0.3, False)), 84, 1.5)
FIND = "Find the smallest change that flips it"


def test_what_was_found_in_words() -> None:
    assert said(FOUND) == (
        "A change of 0.21/255, under one gray level in 256, is the smallest found that flips the decision: it hides "
        "the finding. Lost when saved with 8 bits: yes. A longer search may find a smaller one."
    )
    kept = dataclasses.replace(FOUND, epsilon=2.1, direction="induce", saved=Saved(True, False))
    assert said(kept).startswith("A change of 2.1/255, at most 2.1 gray levels in 256, is the smallest found")
    assert "it induces the finding. Lost when saved with 8 bits: no." in said(kept)


def test_to_find_nothing_is_no_proof() -> None:
    nothing = dataclasses.replace(FOUND, epsilon=None, searched_to=16.0, saved=None)
    assert said(nothing) == (
        "No change up to 16/255 was found that flips the decision. That is no proof that there is none: a longer "
        "search, or another, may find one."
    )


@pytest.mark.parametrize(("direction", "state"), [("hide", "does not flag it"), ("induce", "flags it")])
def test_where_the_goal_is_reached_already(direction: str, state: str) -> None:
    there = dataclasses.replace(FOUND, epsilon=0.0, direction=direction, saved=None)  # type: ignore[arg-type]
    assert said(there) == f"No change is needed: the model {state} already."


def test_one_search_serves_every_epsilon_and_explainer() -> None:
    request = toy_request(CASE, epsilon=1.0)
    other_map = dataclasses.replace(request, explainer="occlusion", explainer_params=EXPLAINERS["occlusion"].params())
    same = {sought(request), sought(at_size(request, 2.0)), sought(other_map)}
    assert len(same) == 1
    others = {sought(toy_request(CASE, epsilon=1.0, steps=7)), sought(dataclasses.replace(request, seed=1))}
    assert len(same | others) == 3


def test_the_search_is_that_of_the_comparison_and_its_result_holds() -> None:
    finished, model = toy_answer(epsilon=1.0, steps=5), small_cnn_classifier()
    flip = smallest_flip(finished, model, lambda share: None, Cancel(lambda: True))
    assert flip.epsilon
    made = finished.comparison.perturbation
    params = dataclasses.replace(finished.request.perturbation_params, epsilon=flip.epsilon)  # type: ignore[call-arg]
    assert perturb("pgd", model, made.clean, made.goal, params, seed=0).reached.as_float
    assert flip.direction == made.goal.direction
    before = bool(finished.comparison.clean.prediction.positive[0])
    assert [(known.epsilon, known.flagged) for known in flip.known if known.epsilon in (0.0, flip.epsilon)] == [
        (0.0, before),
        (flip.epsilon, not before),
    ]
    for known in flip.known:
        assert known.flagged == (known.probability >= 0.5)


def page(perturbation: str, params: dict[str, float], now: str) -> None:
    """The section under a comparison of the toy, while the perturbation called now is asked for; what it returns is
    written down."""
    import streamlit as st

    from dashboard.components.smallest_section import smallest_section
    from dashboard.state import param_key
    from tests.dashboard.answers import CASE, toy_answer, toy_request

    if "answer" not in st.session_state:
        st.session_state["answer"] = toy_answer(perturbation, **params)
    here = st.session_state.get(param_key(perturbation, "epsilon"))
    request = toy_request(CASE, now, **({**params, "epsilon": here} if here else params if now == perturbation else {}))
    st.session_state["known"] = smallest_section(request, st.session_state["answer"])


def section(perturbation: str = "pgd", now: str | None = None, **params: float) -> AppTest:
    app = AppTest.from_function(page, args=(perturbation, params, now or perturbation), default_timeout=120).run()
    assert not app.exception
    return app


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The toy is found by its key."""
    monkeypatch.setattr(aside, "load_classifier", lambda *_: small_cnn_classifier())


@pytest.mark.usefixtures("toy")
def test_found_shown_and_used() -> None:
    app = section(epsilon=1.0, steps=5)
    assert app.session_state["known"] == ()
    (button,) = app.button
    assert (button.label, button.disabled) == (FIND, False)
    app = settled(button.click().run())
    assert "is the smallest found that flips the decision" in shown(app)
    known = app.session_state["known"]
    assert known[0].epsilon == 0
    assert [point.epsilon for point in known] == sorted(point.epsilon for point in known)
    (use,) = app.button
    use.click().run()
    epsilon = app.session_state[param_key("pgd", "epsilon")]
    assert epsilon in [point.epsilon for point in known]
    assert "is the smallest found" in shown(app)
    (use,) = app.button
    assert (use.label, use.disabled) == ("Use it", True)


def test_a_refusal_is_said_and_the_button_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    forward_only = dataclasses.replace(small_cnn_classifier(), differentiable=False)
    monkeypatch.setattr(aside, "load_classifier", lambda *_: forward_only)
    app = settled(section(epsilon=1.0, steps=5).button[0].click().run())
    (error,) = errors(app)
    assert "Projected gradient descent: needs gradients, which this model does not offer" in error
    assert [button.label for button in app.button] == [FIND]


def test_only_what_has_an_epsilon_can_be_made_smaller() -> None:
    app = section("exposure")
    assert not app.button
    assert app.session_state["known"] == ()
    assert "epsilon" not in PERTURBATIONS["exposure"].params().as_dict()


def test_while_another_perturbation_is_computed_no_search_can_begin() -> None:
    (button,) = section("exposure", now="pgd").button
    assert button.disabled
