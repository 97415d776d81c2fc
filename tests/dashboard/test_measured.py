"""What the page of a model takes from its evidence."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from core.values import ModelCard, Role
from dashboard.services import measured
from model_zoo.conformal import Conformal
from model_zoo.evidence import EXTERNAL, TEST, VALIDATION, evidence_of
from model_zoo.robustness import withstood

Zoo = Mapping[Role, ModelCard]


def test_nothing_is_measured_without_evidence(zoo: Zoo) -> None:
    card = zoo["foreign"]
    assert measured.evidence(card) is None
    assert measured.roc(card) is measured.precision_recall(card) is measured.calibrations(card) is None
    assert measured.answers(card, "usual") is measured.headline(card) is measured.planted(card) is None
    assert measured.masking(card) is None
    assert measured.attacked(card) == measured.coverages(card) == measured.scope(card) == ()
    assert measured.accuracies(card) == measured.distances(card) == {}


def test_twins_find_each_other(zoo: Zoo) -> None:
    assert measured.twin_of(zoo["standard"]) == zoo["robust"]
    assert measured.twin_of(zoo["robust"]) == measured.twin_of(zoo["backdoored"]) == zoo["standard"]
    assert measured.twin_of(zoo["foreign"]) is None


def test_the_headline_is_one_of_all_that_was_withstood(zoo: Zoo) -> None:
    card = zoo["robust"]
    found = evidence_of(card.key)
    assert found is not None
    results = withstood(card, found)
    assert measured.attacked(card) == results
    chosen = measured.headline(card)
    assert chosen in results
    assert chosen is not None
    assert (chosen.method, chosen.params["epsilon"]) == ("pgd", 1.0)


def test_the_line_of_a_twin_has_the_accuracies_of_its_own_page(zoo: Zoo) -> None:
    card = zoo["robust"]
    pgd = [result for result in measured.attacked(card) if result.method == "pgd"]
    expected = {0.0: pgd[0].clean.accuracy.value}
    expected |= {float(result.params["epsilon"]): result.perturbed.accuracy.value for result in pgd}
    assert measured.accuracies(card) == pytest.approx(expected)


def test_coverages_are_those_of_the_validation_pictures_on_others(zoo: Zoo) -> None:
    card = zoo["standard"]
    found = evidence_of(card.key)
    assert found is not None
    probabilities = {name: 1 / (1 + np.exp(-outputs.logits)) for name, outputs in found.sets.items()}
    conformal = Conformal.fit(probabilities[VALIDATION], found.sets[VALIDATION].truth)
    shown = measured.coverages(card)
    assert [(one.pictures, one.asked) for one in shown] == [
        (name, asked) for name in (TEST, EXTERNAL) for asked in (0.8, 0.9, 0.95)
    ]
    for one in shown:
        truth = found.sets[one.pictures].truth
        expected = conformal.coverage(probabilities[one.pictures], truth, one.asked)
        assert (one.present.value, one.absent.value, one.unsure.value) == pytest.approx(
            (expected.present, expected.absent, expected.unsure)
        )
        assert (one.present.n, one.absent.n, one.unsure.n) == (truth.sum(), (~truth).sum(), len(truth))


def test_scope_counts_what_lies_beyond_the_limit(zoo: Zoo) -> None:
    card = zoo["standard"]
    kinds = {kind.name: kind for kind in measured.scope(card)}
    assert [*kinds] == [TEST, EXTERNAL, "dermoscopy", "wrong_body_part"]
    for name, values in measured.distances(card).items():
        assert card.scope is not None
        assert kinds[name].refused.value == pytest.approx((values > card.scope).mean())
        assert kinds[name].auroc == card.results.get(f"scope_{name}")


def test_a_planted_fault_is_shown_on_the_same_pictures(zoo: Zoo) -> None:
    planted = measured.planted(zoo["backdoored"])
    assert planted is not None
    assert planted.method == "trigger"
    assert planted.without.tp + planted.without.fn == planted.marked.tp + planted.marked.fn
    assert planted.marked.tp < planted.without.tp
    assert measured.planted(zoo["standard"]) is None
