"""The figures hold the numbers they were given, and can be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from core.values import ModelCard, Role
from dashboard.components import figures
from dashboard.services import measured
from model_zoo import curves
from model_zoo.evidence import TEST, evidence_of
from model_zoo.robustness import withstood

Zoo = Mapping[Role, ModelCard]


def trace(figure: Any, name: str) -> Any:
    """The trace of this name."""
    return next(one for one in figure.data if one.name == name)


def drawn(card: ModelCard, *, technical: bool = False) -> dict[str, Any]:
    """Every figure of a card."""
    roc, precision_recall = measured.roc(card), measured.precision_recall(card)
    found = measured.calibrations(card)
    assert roc is not None
    assert precision_recall is not None
    assert found is not None
    points = {point: answers for point in card.operating_points if (answers := measured.answers(card, point))}
    twin = ("twin", {0.0: 0.9, 1.0: 0.5})
    return {
        "roc": figures.roc_curve(roc, points, technical=technical),
        "precision recall": figures.precision_recall_curve(precision_recall, points, technical=technical),
        "reliability": figures.reliability_diagram(found[0].curve, found[1].curve, technical=technical),
        "attack": figures.accuracy_under_attack(measured.attacked(card), twin, technical=technical),
        "scope": figures.distance_strips(measured.distances(card), 1.6, technical=technical),
    }


def test_curves_are_those_of_the_test_split(zoo: Zoo) -> None:
    card = zoo["standard"]
    found = evidence_of(card.key)
    assert found is not None
    test = found.sets[TEST]
    probabilities = 1 / (1 + np.exp(-test.logits / card.scale))
    made = drawn(card)
    for name, curve in (
        ("roc", curves.roc(probabilities, test.truth, test.groups)),
        ("precision recall", curves.precision_recall(probabilities, test.truth, test.groups)),
    ):
        line, (high, low, *_) = trace(made[name], "curve"), made[name].data
        for shown, values in ((line.x, curve.x), (line.y, curve.y), (low.y, curve.low), (high.y, curve.high)):
            np.testing.assert_allclose(shown, 100 * values)


def test_operating_points_lie_at_the_rates_of_their_confusion(zoo: Zoo) -> None:
    card = zoo["standard"]
    made = drawn(card)
    for point in card.operating_points:
        answers = measured.answers(card, point)
        assert answers is not None
        sensitivity = answers.tp / (answers.tp + answers.fn)
        on_roc, on_recall = (trace(made[name], f"{point} point") for name in ("roc", "precision recall"))
        assert on_roc.y[0] == pytest.approx(100 * sensitivity)
        assert on_roc.x[0] == pytest.approx(100 * answers.fp / (answers.fp + answers.tn))
        assert on_recall.x[0] == pytest.approx(100 * sensitivity)
        assert on_recall.y[0] == pytest.approx(100 * answers.tp / (answers.tp + answers.fp))


def test_reliability_before_calibration_undoes_its_shift_and_temperature(zoo: Zoo) -> None:
    card = zoo["standard"]
    found = evidence_of(card.key)
    assert found is not None
    test = found.sets[TEST]
    figure = drawn(card)["reliability"]
    for name, logits in (
        ("before calibration", test.logits - found.shift),
        ("after calibration", test.logits / card.scale),
    ):
        expected = curves.reliability(1 / (1 + np.exp(-logits)), test.truth, test.groups)
        np.testing.assert_allclose(trace(figure, name).x, 100 * expected.x)
        np.testing.assert_allclose(trace(figure, name).y, 100 * expected.y)


def test_accuracy_starts_clean_and_falls_beside_its_control(zoo: Zoo) -> None:
    card = zoo["standard"]
    found = evidence_of(card.key)
    assert found is not None
    results = withstood(card, found)
    pgd = [result for result in results if result.method == "pgd"]
    figure = drawn(card)["attack"]
    line, control = trace(figure, "Projected gradient descent"), trace(figure, "Random noise of the same size")
    clean = 100 * pgd[0].clean.accuracy.value
    assert list(line.x) == list(control.x) == [0, 0.5, 1, 2]
    np.testing.assert_allclose(line.y, [clean, *(100 * result.perturbed.accuracy.value for result in pgd)])
    np.testing.assert_allclose(control.y, [clean, *(100 * result.control.accuracy.value for result in pgd)])
    (square,) = (result for result in results if result.method == "square")
    assert list(trace(figure, "Square attack").y) == [pytest.approx(100 * square.perturbed.accuracy.value)]
    assert list(trace(figure, "twin").y) == [90, 50]
    assert not [one for one in figure.data if one.name == "Backdoor trigger"]


def test_each_picture_is_a_tick_in_its_strip(zoo: Zoo) -> None:
    kinds = measured.distances(zoo["standard"])
    figure = drawn(zoo["standard"])["scope"]
    for name, values in kinds.items():
        shown = np.concatenate([one.x for one in figure.data if one.name == name])
        np.testing.assert_allclose(np.sort(shown), np.sort(values))
    assert "validation" not in kinds


@pytest.mark.parametrize("technical", [False, True])
def test_figures_can_be_read_and_do_not_jump(zoo: Zoo, technical: bool) -> None:
    for figure in drawn(zoo["standard"], technical=technical).values():
        layout = figure.layout
        assert layout.height
        assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"
        sizes = [layout.font.size, layout.xaxis.tickfont.size, layout.xaxis.title.font.size, layout.legend.font.size]
        assert min(size for size in sizes if size) >= 13
        assert layout.xaxis.fixedrange
        assert layout.yaxis.fixedrange
        assert layout.xaxis.title.text


def test_wording_changes_no_number(zoo: Zoo) -> None:
    plain, technical = drawn(zoo["standard"]), drawn(zoo["standard"], technical=True)
    for name, figure in plain.items():
        for one, other in zip(figure.data, technical[name].data, strict=True):
            np.testing.assert_array_equal(one.x, other.x)
            np.testing.assert_array_equal(one.y, other.y)
