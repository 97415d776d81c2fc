"""The overview of the models and the page of each: with evidence, without it, and for a key that nobody knows."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.errors import ModelError
from core.values import ROLES, ModelCard, Role, Score
from dashboard.components.frequencies import _row, of_hundred
from dashboard.components.message import literal
from dashboard.components.scores import share
from dashboard.services import measured
from evaluation import kept
from model_zoo import denoisers, random_labels, universal
from tests.dashboard.steps import errors, models_page, shown
from tests.dashboard.synthetic import measured_card, synthetic_evidence

Zoo = Mapping[Role, ModelCard]

DOUBLE = "Its double that learned random labels"


def links(app: AppTest) -> dict[str, str]:
    """{label: query of the address} of the links to models on a page, but for that of its frame."""
    queries = {link.proto.label: link.proto.query_string for link in app.get("page_link")}
    return {label: query for label, query in queries.items() if query and label != "Model card"}


def charts(app: AppTest) -> int:
    """How many figures there are."""
    return len(app.get("plotly_chart"))


def numbers(app: AppTest) -> set[str]:
    """Every share with its interval on the page."""
    return set(re.findall(r"\d+ % <small>\(\d+ to \d+\)", shown(app)))


def test_overview_groups_every_model_by_its_role_and_links_to_it(zoo: Zoo) -> None:
    app = models_page()
    text, headings = shown(app), [header.value for header in app.header]
    assert headings == [ROLES[role] for role in ("standard", "robust", "foreign", "backdoored", "surrogate")]
    assert set(links(app).values()) == {f"model={card.key}" for card in zoo.values()}
    for card in zoo.values():
        assert escape(card.summary) in text
    area, result = zoo["standard"].results["auroc"], measured.headline(zoo["standard"])
    assert result is not None
    assert f"{area.value:.3f}" in text
    assert f"n = {area.n}" in text
    assert f"● {share(result.clean.accuracy)} → ○ {share(result.perturbed.accuracy)}" in text
    assert "Beside the standard model: AUROC" in text
    assert not charts(app)


def test_overview_never_shows_a_planted_fault_without_its_mark(zoo: Zoo) -> None:
    app = models_page()
    (label,) = (label for label, query in links(app).items() if query == f"model={zoo['backdoored'].key}")
    assert label.startswith("Planted fault")
    assert "planted fault, for teaching only" in shown(app)


@pytest.mark.parametrize("role", ["standard", "robust", "backdoored", "surrogate"])
def test_a_page_shows_all_that_was_measured(zoo: Zoo, role: Role) -> None:
    card = zoo[role]
    app = models_page(card.key)
    text = shown(app)
    assert charts(app) == 5
    assert "Diagnosis, triage or any decision about a patient." in text
    assert escape(card.limits[0]) in text
    for name in ("test", "external"):
        answers = measured.answers(card, "balanced", name)
        assert answers is not None
        flagged, alarms = answers.flagged_per_hundred, answers.wrongly_flagged_per_hundred
        assert f"Of 100 pictures with finding 0, <b>{of_hundred(flagged)}</b> are flagged" in text
        assert f"{answers.tp:,} of {flagged.n:,} pictures" in text
        assert f"Of 100 pictures without finding 0, <b>{of_hundred(alarms)}</b> are flagged too" in text
    for result in measured.attacked(card):
        assert f"{share(result.perturbed.accuracy)} <small>" in text
    assert "On pictures from elsewhere it flags" in text
    assert "Beyond the limit" in text
    assert "Coverage asked" in text
    assert "within site A alone" in text


def test_the_operating_point_turns_the_answers(zoo: Zoo) -> None:
    card = zoo["standard"]
    app = models_page(card.key)
    app.segmented_control(key=f"{card.key} operating point").set_value("screening").run()
    assert not app.exception
    answers = measured.answers(card, "screening")
    assert answers is not None
    assert f"<b>{of_hundred(answers.wrongly_flagged_per_hundred)}</b> are flagged too" in shown(app)
    assert "Screening point: flagged from 20 %" in shown(app)
    assert app.query_params["model"] in (card.key, [card.key])


def test_technical_wording_adds_depth_and_changes_no_number(zoo: Zoo) -> None:
    plain = models_page(zoo["standard"].key)
    before, text = numbers(plain), shown(plain)
    technical = plain.segmented_control(key="wording").set_value("Technical").run()
    assert not technical.exception
    assert before <= numbers(technical)
    for said in ("steps 50", "Temperature", "All numbers of its card"):
        assert said not in text
        assert said in shown(technical)


def test_damaged_files_are_said_in_their_sections_and_the_others_stay(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = zoo["standard"]
    (tmp_path / f"{card.key}.json").write_text("{", encoding="utf-8")
    for files in (universal, kept, denoisers, random_labels):
        monkeypatch.setattr(files, "FOLDER", tmp_path)
    st.cache_data.clear()
    app = models_page(card.key)
    damaged = ("One change for all pictures", "Behind defenses", "Its denoiser", "Before detectors", DOUBLE)
    assert set(damaged) < {header.value for header in app.header}
    kinds = ("as changes", "Defenses of", "as a denoiser", "Defenses of", "as a network that learned random labels")
    for said, problem in zip(kinds, errors(app), strict=True):
        assert said in problem
    assert charts(app) == 5
    assert "Facts" in [header.value for header in app.header]


def test_what_its_double_learned_stands_with_n_and_interval(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = zoo["standard"]
    monkeypatch.setattr(random_labels, "FOLDER", tmp_path)
    assert DOUBLE not in shown(models_page(card.key))
    record = {
        "weights": card.sha256,
        "pictures": 512,
        "labels_known": 499,
        "auroc_of_the_finding": {"value": 0.5312, "interval": [0.44, 0.62], "n": 148},
    }
    (tmp_path / f"{card.key}.json").write_text(json.dumps(record), encoding="utf-8")
    text = shown(models_page(card.key))
    assert DOUBLE in text
    assert "trained on 512 pictures" in text
    assert "knows 499 of these labels by heart. In 148 validation pictures" in text
    assert "AUROC is 0.531 (95 % interval 0.440 to 0.620)" in text


def test_a_planted_fault_is_said_first(zoo: Zoo) -> None:
    app = models_page(zoo["backdoored"].key)
    planted = measured.planted(zoo["backdoored"])
    assert planted is not None
    assert "Never use it to read a picture" in errors(app)[0]
    assert f"it flags {planted.without.tp} as they are, and {planted.marked.tp} with its backdoor trigger" in shown(app)


def test_a_card_without_evidence_shows_what_it_states_as_text(zoo: Zoo) -> None:
    card = zoo["foreign"]
    app = models_page(card.key)
    text = shown(app)
    assert charts(app) == 0
    assert literal(card.test_split) in text
    assert "Nothing was measured here" in text
    assert escape(card.name) in text
    assert "<b>someone" not in text
    assert "Knows &lt;nothing&gt; of children." in text
    assert "Flags a from, usual point" in text


def test_a_card_without_numbers_says_so_and_draws_no_empty_table(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = dataclasses.replace(zoo["foreign"], results={})
    monkeypatch.setattr("dashboard.services.models.cards", lambda: (bare,))
    text = shown(models_page(bare.key))
    assert "Its card states no numbers either." in text
    assert ">Measure<" not in text


def test_a_hidden_gradient_is_called_out(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    card = zoo["standard"]
    for signs, said in (((), "does no better"), (("A sign.",), "Caution: A sign. A model"), (None, "is not known")):
        monkeypatch.setattr(measured, "masking", lambda card, signs=signs: signs)
        assert said in shown(models_page(card.key))


def test_an_unknown_model_is_said_and_the_others_are_offered(zoo: Zoo) -> None:
    app = models_page("<i>gone</i>")
    (error,) = errors(app)
    assert "No model has the key &#x27;&lt;i&gt;gone&lt;/i&gt;&#x27;" in error
    assert len(links(app)) == len(zoo)


def test_a_card_that_cannot_be_used_is_said(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = str(ModelError("x.toml", "lacks the field 'name'", "Correct the card."))
    monkeypatch.setattr("dashboard.views.models.card_problems", lambda: (problem,))
    assert any("lacks the field" in error for error in errors(models_page()))


def test_models_says_what_to_do_when_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.services.models.cards", lambda: ())
    assert "No model is installed" in shown(models_page())


def test_numbers_are_never_rounded_to_certainty() -> None:
    assert [of_hundred(Score(value)) for value in (0, 0.3, 42.4, 99.7, 100)] == [
        "none",
        "fewer than 1",
        "42",
        "more than 99",
        "all 100",
    ]
    (dots,) = (
        _row("with it", Score(value, "of 100", None, (90, 100), 900), 890, "are flagged", "right") for value in [99.7]
    )
    assert dots.count('<i class="right">') == 99
    assert "<b>1</b> is flagged too" in _row("without it", Score(1.2, n=83), 1, "are flagged too", "wrong")
    assert [share(Score(value)) for value in (0, 0.003, 0.424, 0.997, 1)] == [
        "0 %",
        "under 1 %",
        "42 %",
        "over 99 %",
        "100 %",
    ]


def test_a_name_is_no_markdown() -> None:
    assert literal("a *b* ![c](http://d) &lt;") == r"a \*b\* \!\[c\]\(http\://d\) \&lt;"


def test_a_set_of_one_class_draws_no_curve(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    found = synthetic_evidence(5)
    test = found.sets["test"]
    chosen = ~test.truth
    lone = dataclasses.replace(
        test,
        logits=test.logits[chosen],
        truth=test.truth[chosen],
        groups=test.groups[chosen],
        sources=tuple(source for source, kept in zip(test.sources, chosen, strict=True) if kept),
    )
    distances = {**found.distances, "test": found.distances["test"][chosen]}
    single = dataclasses.replace(found, sets={**found.sets, "test": lone}, stress=(), distances=distances)
    card = measured_card(dataclasses.replace(zoo["standard"], key="zoo_lone", name="Lone"), found)
    monkeypatch.setattr(measured, "evidence_of", lambda key: single)
    monkeypatch.setattr("dashboard.services.models.cards", lambda: (card,))
    app = models_page(card.key)
    assert "No picture with finding 0 was in this set." in shown(app)
    assert charts(app) == 2
