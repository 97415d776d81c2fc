"""The other pages: each opens, carries the notice, and shows what is declared elsewhere."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import ModelError
from core.values import ModelCard
from dashboard.components.glossary import GLOSSARY, explained
from explainers import EXPLAINERS
from model_zoo.cards import cards
from perturbations import PERTURBATIONS
from tests.dashboard.steps import APP, NOTICE, shown


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


def test_models_shows_every_card() -> None:
    text = shown(page("models"))
    assert cards()
    for card in cards():
        assert card.name in text
        assert card.intended_use in text
        assert all(limit in text for limit in card.limits)
        for source in card.training:
            assert source.name in text
            assert (f'<a href="{source.link}">' in text) == source.link.startswith("http")
        for score in card.results.values():
            assert score.n is None or f"{score.n:,}" in text


def test_models_says_what_to_do_when_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.services.models.cards", lambda: ())
    assert "No model is installed" in shown(page("models"))


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
