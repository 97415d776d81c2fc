"""What a comparison found, for a lay reader and for a reviewer, from the same numbers."""

from __future__ import annotations

import dataclasses
import math
import re

import pytest
from streamlit.testing.v1 import AppTest

from core.values import Comparison, Direction, Goal, Reached
from dashboard.components.findings import Row, groups
from evaluation.sentences import sentences
from evaluation.words import fraction, percent
from tests.dashboard.steps import shown
from tests.evaluation.results import change, comparison, perturbation

MADE = {
    "hides": comparison(),
    "induces": comparison(before=0.02, after=0.97, noisy=0.6, made=perturbation("fgsm", 0.5)),
    "fails": comparison(before=0.2, after=0.3, noisy=0.2, made=perturbation("pgd", 2.55)),
    "artifact": comparison(after=0.932, made=perturbation("jpeg", 38.0, params={"severity": 3})),
    "undefined": comparison(explanation_change=change(math.nan)),
}
each = pytest.mark.parametrize("made", MADE.values(), ids=MADE)


def rows(made: Comparison, *, technical: bool) -> dict[str, Row]:
    return {row.name: row for group in groups(made, technical=technical).values() for row in group}


def numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:\.\d+)?", text))


@pytest.mark.parametrize("technical", [False, True])
def test_what_saving_leaves_is_neither_affirmed_nor_denied_before_it_is_known(*, technical: bool) -> None:
    early = comparison(made=perturbation(reached=Reached(True, None)))
    found = rows(early, technical=technical)
    assert (found["As computed"].perturbed, found["As computed"].control) == ("yes", "yes")
    for name in ("After saving with 8 bits", "After saving as JPEG"):
        assert (found[name].perturbed, found[name].control) == ("not known yet", "yes")


@each
def test_each_number_of_the_plain_sentence_stands_in_the_plain_table(made: Comparison) -> None:
    table = " ".join(
        " ".join((row.name, row.clean, row.perturbed, row.control)) for row in rows(made, technical=False).values()
    )
    said = numbers(sentences(made))
    assert said
    assert said <= numbers(table)


@each
def test_fractions_of_the_sentence_stand_in_the_plain_table_too(made: Comparison) -> None:
    row = rows(made, technical=False)["Strongest tenth that stays in place"]
    overlap = made.explanation_change["top_overlap"].value
    if not math.isnan(overlap):
        assert fraction(overlap) in sentences(made).lower()
        assert row.perturbed == f"{fraction(overlap)} ({100 * overlap:.0f} %)"
    else:
        assert row.perturbed == "undefined"


@each
def test_both_tables_hold_the_same_numbers(made: Comparison) -> None:
    plain, technical = rows(made, technical=False), rows(made, technical=True)
    exact, rounded = technical["Probability, calibrated"], plain["Probability"]
    for column in ("clean", "perturbed", "control"):
        assert percent(float(getattr(exact, column))) == getattr(rounded, column)
    assert plain["Change of the probability"] == technical["Change of the probability"]
    (size,) = (row for name, row in plain.items() if name.startswith("Largest change"))
    assert size.perturbed.startswith(f"{technical['L-infinity'].perturbed}, ")
    (decision,) = (row for name, row in plain.items() if name.startswith("Decision (flagged from"))
    assert (decision.clean, decision.perturbed, decision.control) == (
        technical["Decision"].clean,
        technical["Decision"].perturbed,
        technical["Decision"].control,
    )


def test_the_lay_reader_gets_a_short_table_without_jargon() -> None:
    plain, technical = rows(MADE["hides"], technical=False), rows(MADE["hides"], technical=True)
    assert list(plain) == [
        "Probability",
        "Change of the probability",
        "Decision (flagged from 41 %)",
        "Largest change of a pixel",
        "As computed",
        "After saving with 8 bits",
        "After saving as JPEG",
        "Strongest tenth that stays in place",
    ]
    assert {"Logit", "Threshold", "L2", "SSIM", "Seed", "Rank correlation (Spearman)"} <= set(technical)
    assert len(technical) > 2 * len(plain)


@pytest.mark.parametrize(
    ("direction", "outcome"), [("hide", "The finding is hidden"), ("induce", "The finding is induced")]
)
def test_what_was_to_be_reached_is_named(direction: Direction, outcome: str) -> None:
    made = comparison(made=dataclasses.replace(perturbation(), goal=Goal(0, direction)))
    assert outcome in groups(made, technical=False)
    assert f"Goal reached ({direction})" in groups(made, technical=True)


def drawn(technical: bool) -> None:
    from dashboard.components import findings
    from tests.evaluation.results import comparison

    findings.sentence(comparison(), technical=technical)
    findings.table(comparison(), technical=technical)


def test_the_table_is_drawn_from_these_rows() -> None:
    for technical in (False, True):
        app = AppTest.from_function(drawn, args=(technical,), default_timeout=60).run()
        assert not app.exception
        text = shown(app).replace("&nbsp;", " ")
        for row in rows(MADE["hides"], technical=technical).values():
            assert f"<td>{row.perturbed}</td><td>{row.control}</td>" in text
