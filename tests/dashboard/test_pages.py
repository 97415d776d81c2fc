"""The other pages: each opens, carries the notice, and shows what is declared elsewhere."""

from __future__ import annotations

from html import escape

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import ModelError
from core.values import ModelCard
from dashboard.components.glossary import GLOSSARY, explained
from dashboard.services.measured import evidence
from dashboard.state import MODEL
from explainers import EXPLAINERS
from model_zoo.cards import cards
from perturbations import PERTURBATIONS
from tests.dashboard.steps import APP, NOTICE, models_page, shown


def page(name: str) -> AppTest:
    """A page in its frame."""
    script = f"""
from dashboard.components.frame import frame
from dashboard.views.{name} import {name}

frame([])
{name}()
"""
    app = AppTest.from_string(script, default_timeout=60).run()
    assert not app.exception
    assert NOTICE in shown(app)
    return app


def test_every_model_has_a_page() -> None:
    addresses = {link.proto.query_string for link in models_page().get("page_link")}
    assert cards()
    for card in cards():
        assert f"model={card.key}" in addresses
        app = models_page(card.key)
        text = shown(app)
        for said in (card.name, card.summary, card.intended_use, *card.limits, *(data.name for data in card.training)):
            assert escape(said) in text
        for data in card.training:
            assert (f'<a href="{escape(data.link)}"' in text) == data.link.startswith("http")
        assert bool(app.get("plotly_chart")) == (evidence(card) is not None)


def test_the_card_of_the_chosen_model_is_one_click_away() -> None:
    app = page("about")
    (link,) = (link.proto for link in app.get("page_link") if link.proto.label == "Model card")
    assert link.query_string == f"model={app.session_state[MODEL]}"


def test_look_says_what_to_do_when_there_are_no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.services.models.cards", lambda: ())
    assert "No model is installed" in shown(page("look"))


def test_a_damaged_card_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> tuple[ModelCard, ...]:
        raise ModelError("The card", "lacks the field labels", "Restore it.")

    monkeypatch.setattr("dashboard.services.models.cards", refuse)
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not app.exception
    assert "The card: lacks the field labels. Restore it." in shown(app)


def test_look_says_what_to_do_when_there_are_no_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.services.cases.bundled", lambda: ())
    assert "No case yet" in shown(page("look"))


def test_methods_shows_every_text_and_parameter() -> None:
    text = shown(page("methods"))
    for method in (*EXPLAINERS, *PERTURBATIONS):
        assert method.name in text
        assert method.text.partition("\n\n")[2] in text
        assert all(spec.help.replace("'", "&#x27;") in text for spec in method.params.specs())


def test_streamlit_finds_no_pages_of_its_own() -> None:
    """A folder of this name beside the app would be run file by file for the first visitor with a direct link."""
    assert not (APP.parent / "pages").exists()


def test_about_says_what_it_is_not_and_explains_its_words() -> None:
    text = shown(page("about"))
    assert "not a medical device" in text
    assert "sent nowhere else" in text
    assert all(meaning in text for meaning in GLOSSARY.values())


def test_a_term_opens_its_meaning_without_a_mouse() -> None:
    assert explained("Raw score (logit)") == (
        f'<details class="term"><summary>Raw score (logit)</summary>{GLOSSARY["Logit"]}</details>'
    )
    assert explained("Seconds <b>") == "Seconds &lt;b&gt;"
