"""The certificate behind randomized smoothing: counted on demand, kept, and never for another defense."""

from __future__ import annotations

import dataclasses
from functools import cache

import pytest
from streamlit.testing.v1 import AppTest

from core.classifier import Classifier
from core.errors import ModelError
from dashboard.services import aside
from dashboard.services.certificates import certificate, certifying
from dashboard.services.finished import Request
from dashboard.services.jobs import Cancel
from defenses import DEFENSES, Certificate, CertifyParams, certify
from evaluation.certified import certified, rounded_down
from evaluation.session import fitted
from evaluation.suitability import NotSuitable
from explainers import EXPLAINERS
from imaging.phantoms import phantom
from perturbations import PERTURBATIONS
from tests.dashboard.answers import CASE, toy_request
from tests.dashboard.steps import errors, settled, shown
from tests.toys import small_cnn_classifier

SMOOTHING = DEFENSES["randomized_smoothing"].params
NOISE = CertifyParams(sigma=4.0)
CERTIFY = "Certify this answer"


def behind(defense: str = "randomized_smoothing", **params: float) -> Request:
    """A request for the toy behind a defense; params are those of the defense."""
    given = DEFENSES[defense].params(**params)
    return dataclasses.replace(toy_request(CASE, epsilon=1.0), defense=defense, defense_params=given)


@cache
def expected(seed: int = 0) -> Certificate:
    model = small_cnn_classifier()
    return certify(model, fitted(CASE, model.card).pixels, params=NOISE, seed=seed)


def test_one_certificate_serves_every_attack_map_and_number_of_copies() -> None:
    request = behind(sigma=4.0)
    same = (
        {"perturbation": "fgsm", "perturbation_params": PERTURBATIONS["fgsm"].params(), "direction": "hide"},
        {"explainer": "rise", "explainer_params": EXPLAINERS["rise"].params(), "explain_region": (0.1, 0.1, 0.9, 0.9)},
        {"attack_region": "lungs", "attack_outside": True, "unaware": True},
        {"defense_params": SMOOTHING(sigma=4.0, draws=64)},  # type: ignore[call-arg]
    )
    for changes in same:
        assert certifying(dataclasses.replace(request, **changes), NOISE) == certifying(request, NOISE)
    others = ({"seed": 1}, {"point": "screening"}, {"model": "other"}, {"target": 1}, {"anyway": True})
    keys = {certifying(dataclasses.replace(request, **changes), NOISE) for changes in others}
    assert len({*keys, certifying(request, NOISE), certifying(request, CertifyParams(sigma=8.0))}) == len(others) + 2


def test_it_is_that_of_the_model_under_the_noise_alone() -> None:
    found = certificate(
        certifying(behind(sigma=4.0), NOISE), CASE, small_cnn_classifier(), lambda share: None, Cancel(lambda: True)
    )
    assert found == expected()


def test_a_case_of_another_kind_is_refused() -> None:
    mole = phantom("dermoscopy", True, 3, 64)
    with pytest.raises(NotSuitable):
        certificate(certifying(behind(), NOISE), mole, small_cnn_classifier(), lambda share: None, Cancel(lambda: True))


def page(defense: str, params: dict[str, float]) -> None:
    """The section under a request for the toy; not on the page while "away" stands in the state."""
    import streamlit as st

    from dashboard.components.certificate_section import certificate_section
    from tests.dashboard.answers import CASE
    from tests.dashboard.test_certificate_section import behind

    if "away" not in st.session_state:
        certificate_section(behind(defense, **params), CASE)


def section(defense: str = "randomized_smoothing", **params: float) -> AppTest:
    app = AppTest.from_function(page, args=(defense, params), default_timeout=120).run()
    assert not app.exception
    return app


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The toy is found by its key."""
    monkeypatch.setattr(aside, "load_classifier", lambda *_: small_cnn_classifier())


def test_nothing_is_counted_before_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "load_classifier", lambda *_: pytest.fail("loaded without a click"))
    app = section(sigma=4.0)
    (button,) = app.button
    assert button.label == CERTIFY
    assert "1,050 times" in button.help
    assert shown(app) == ""


@pytest.mark.usefixtures("toy")
def test_counted_said_and_kept_while_another_page_is_looked_at() -> None:
    app = settled(section(sigma=4.0).button[0].click().run())
    found, text = expected(), shown(app)
    assert found.flagged is not None
    assert certified(found, NOISE.doubt) in text
    for fact in (
        f"{'flagged' if found.flagged else 'not flagged'} by vote",
        f"<td>{rounded_down(found.radius)}</td>",
        f"<td>{rounded_down(found.level)}/255</td>",
        f"{found.agreeing:,} of 1,000 agree, after 50 that chose the answer",
        f"at least {rounded_down(100 * found.share, 1)} %",
        "at most 0.1 %",
        "4/255, seed 0",
    ):
        assert fact in text
    assert not app.button
    app.session_state["away"] = True
    assert shown(app.run()) == ""
    del app.session_state["away"]
    assert certified(found, NOISE.doubt) in shown(app.run())


def test_it_can_be_canceled_and_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    from threading import Event

    hold = Event()
    monkeypatch.setattr(aside, "load_classifier", lambda *_: hold.wait(60) and small_cnn_classifier())
    app = section(sigma=4.0).button[0].click().run()
    app.button(key="cancel Counting votes").click().run()
    hold.set()
    assert [button.label for button in app.button] == [CERTIFY]
    app = settled(app.button[0].click().run())
    assert certified(expected(), NOISE.doubt) in shown(app)


def test_a_refusal_is_said_and_the_button_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Classifier:
        raise ModelError("The weights", "are damaged", "Restore them.")

    monkeypatch.setattr(aside, "load_classifier", refuse)
    app = settled(section(sigma=4.0).button[0].click().run())
    (error,) = errors(app)
    assert "The weights: are damaged. Restore them." in error
    assert [button.label for button in app.button] == [CERTIFY]


@pytest.mark.parametrize(("defense", "params"), [("logit_noise", {}), ("randomized_smoothing", {"sigma": 0.0})])
def test_without_noise_on_the_picture_there_is_none(defense: str, params: dict[str, float]) -> None:
    app = section(defense, **params)
    assert not app.button
    assert shown(app) == ""
