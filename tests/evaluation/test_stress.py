"""What becomes of a model's outputs under attack, on a linear model whose worst case is known."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from core.classifier import Classifier
from core.errors import InputError, ModelError
from core.values import Floats, Mask
from evaluation import stress as module
from evaluation.stress import Plan, drawn, flagged, logits_of, stress, worst
from model_zoo.data import Examples
from model_zoo.evidence import Evidence, Outputs, read_evidence, write_evidence
from tests.toys import linear_classifier


@pytest.fixture
def model() -> Classifier:
    """A linear model of 16 x 16 pixels."""
    return linear_classifier(size=16)


@pytest.fixture
def images() -> Floats:
    """20 noisy gray pictures far from black and white."""
    return np.random.default_rng(0).uniform(0.3, 0.7, (20, 1, 16, 16)).astype(np.float32)


def test_pgd_finds_the_exact_worst_case(model: Classifier, images: Floats) -> None:
    clean = logits_of(model, images)
    truth: Mask = clean > 0
    params = {"epsilon": 4.0, "steps": 10, "restarts": 2}
    found = logits_of(model, worst(model, images, truth, "pgd", params))
    reach = 4 / 255 * float(model.network.weight.abs().sum())
    assert found == pytest.approx(clean - np.where(truth, reach, -reach), abs=1e-3)


def test_nothing_gets_better_under_attack(model: Classifier, images: Floats) -> None:
    truth = np.arange(20) % 2 == 0
    clean = flagged(model, logits_of(model, images)) == truth
    for method, params in (("pgd", {"epsilon": 1.0, "steps": 3, "restarts": 3}), ("square", {"queries": 50})):
        attacked = flagged(model, logits_of(model, worst(model, images, truth, method, params))) == truth
        assert not (attacked & ~clean).any()


def test_both_answers_are_drawn_equally_often() -> None:
    truth = np.arange(100) < 30
    pictures = drawn(truth, 40)
    assert len(set(pictures)) == 40
    assert truth[pictures].sum() == 20
    assert len(drawn(truth, 100)) == 80


def test_a_model_without_evidence_is_refused_before_it_is_attacked(model: Classifier, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="can't be read as evidence"):
        next(stress(model, tmp_path, 4, folder=tmp_path))


def measured(model: Classifier, images: Floats, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Classifier:
    """The model under the key of a task whose test split are these pictures, and its evidence in the folder."""
    known = dataclasses.replace(model, card=dataclasses.replace(model.card, key="cxr_pneumonia"))
    data = (images * 255).round().astype(np.uint8)
    truth = np.arange(len(data)) % 4 == 0
    test = Examples(data, truth[:, None].astype(np.float32), np.ones(20, np.float32), ("a",) * 20, ("b",) * 20)
    monkeypatch.setattr(module, "read_rows", lambda *_: [])
    monkeypatch.setattr(module, "examples", lambda *_: test)
    logits = logits_of(model, data.astype(np.float32) / 255)
    kept = Outputs(logits, truth, np.arange(20), ("b",) * 20)
    write_evidence(Evidence("", {"test": kept}, 0.5), folder / "cxr_pneumonia.json")
    return known


def test_the_plan_ends_in_the_evidence(
    model: Classifier, images: Floats, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = measured(model, images, tmp_path, monkeypatch)
    plan: Plan = (("pgd", {"epsilon": 4.0, "steps": 2, "restarts": 2}, 1.0), ("trigger", {"size": 25.0}, math.inf))
    assert len([*stress(known, tmp_path, 6, plan, tmp_path)]) == 2
    evidence = read_evidence(tmp_path / "cxr_pneumonia.json")
    assert [(found.method, len(found.pictures)) for found in evidence.stress] == [("pgd", 6), ("trigger", 20)]
    assert evidence.shift == 0.5
    for found in evidence.stress:
        assert found.clean == pytest.approx(evidence.sets["test"].logits[found.pictures], abs=1e-3)
        assert not np.allclose(found.perturbed, found.clean)
        assert not np.allclose(found.control, found.clean)


def test_another_test_split_than_that_of_the_evidence_is_refused(
    model: Classifier, images: Floats, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = measured(model, images, tmp_path, monkeypatch)
    path = tmp_path / "cxr_pneumonia.json"
    old = read_evidence(path)
    turned = dataclasses.replace(old.sets["test"], truth=~old.sets["test"].truth)
    write_evidence(dataclasses.replace(old, sets={"test": turned}), path)
    with pytest.raises(InputError, match="another test split"):
        next(stress(known, tmp_path, 6, folder=tmp_path))
