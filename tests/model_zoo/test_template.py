"""The template of a card explains every field that a card has, and can be read as it stands."""

from __future__ import annotations

import dataclasses

import pytest

from core.values import DataSource, Format, InputSpec, ModelCard
from model_zoo.cards import parse_card
from model_zoo.formats import SUFFIXES, UPLOADABLE
from model_zoo.template import LEFT_OUT, MEANINGS, card_template


@pytest.mark.parametrize("form", sorted(UPLOADABLE))
def test_a_template_can_be_read(form: Format) -> None:
    card = parse_card(card_template(form), "The template")
    assert (card.format, card.role) == (form, "foreign")
    assert card.weights.endswith(SUFFIXES[form])


@pytest.mark.parametrize("form", sorted(UPLOADABLE))
def test_results_can_be_filled_in(form: Format) -> None:
    before, marker, results = card_template(form).partition("# [results.auroc]")
    filled = before + (marker + results).replace("# ", "")
    assert parse_card(filled, "The template").results["auroc"].interval == (0.91, 0.95)


def test_every_field_is_explained() -> None:
    named = {field.name for field in dataclasses.fields(ModelCard)} - LEFT_OUT
    named |= {f"input.{field.name}" for field in dataclasses.fields(InputSpec)}
    named |= {f"training.{field.name}" for field in dataclasses.fields(DataSource)}
    assert named == set(MEANINGS)


def test_no_line_is_too_long_to_be_read() -> None:
    assert all(len(line) <= 120 for form in UPLOADABLE for line in card_template(form).split("\n"))
