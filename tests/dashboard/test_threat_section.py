"""The threat card under a comparison, in plain and in technical wording."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.dashboard.steps import shown


def page(method: str, technical: bool, defense: str, unaware: bool) -> None:
    """The section alone."""
    from dataclasses import replace

    from dashboard.components.threat_section import threat_section
    from tests.dashboard.answers import CASE, toy_request
    from tests.evaluation.results import perturbation

    request = replace(toy_request(CASE, method), defense=defense, unaware=unaware)
    threat_section(perturbation(method, params={}), request, technical=technical)


def card(method: str, *, technical: bool = False, defense: str = "", unaware: bool = False) -> str:
    app = AppTest.from_function(page, args=(method, technical, defense, unaware), default_timeout=60).run()
    assert not app.exception
    (link,) = app.get("page_link")
    assert "threat map" in link.proto.label
    return shown(app)


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("pgd", ("<b>Exploratory</b>: on the deployed model", "<b>Integrity</b>: it hides", "<b>White-box</b>")),
        ("square", ("<b>Black-box</b>", "Noise on the logits", "Masking the model")),
        ("trigger", ("<b>Causative</b>", "pictures that carry the marker", "<b>Training</b>", "Examine the raw data")),
        (
            "exposure",
            ("<b>None</b>: nobody attacks", "<b>None</b>: an accident", "<b>Data collection</b>"),
        ),
    ],
)
def test_the_terms_of_the_survey(method: str, words: tuple[str, ...]) -> None:
    text = card(method)
    assert "24 pictures sent through the model, 0.5 s" in text
    assert "up to 1.0/255, one gray level in 256" in text
    for word in words:
        assert word in text


def test_behind_a_defense_another_is_to_be_tried_and_what_the_attacker_knows_is_said() -> None:
    assert "Fewer gray levels" in card("pgd")
    behind = card("pgd", defense="bit_depth", unaware=True)
    assert "Fewer gray levels" not in behind
    assert "the network with its weights, but not the defense" in behind


def test_technical_wording_adds_measures_and_no_term() -> None:
    plain, technical = card("pgd"), card("pgd", technical=True)
    assert "PSNR" not in plain
    for line in ("0.990", "32.0 dB", "6.38/255"):
        assert line in technical
    assert technical.count("<tr>") == plain.count("<tr>") + 3
