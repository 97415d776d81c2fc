"""What defenses and detectors are worth, on a linear model, whose answers under attack are known."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from core.classifier import Classifier
from core.errors import ModelError, ParameterError, UnknownName, Unsupported
from core.params import Params
from core.values import Goal
from defenses.detectors import DETECTORS
from evaluation import cli, defended
from evaluation.defended import NONE, ROWS, Defended, measure_defenses, rates_of
from evaluation.detect import CLEAN, KNOWING, Detected, Detection, caught, false_alarms, measure_detectors, roc
from evaluation.evade import Evasion, evade
from evaluation.kept import FOLDER, defenses_of, detectors_of, keep
from evaluation.split import Split, sampled
from model_zoo.cards import cards
from perturbations.fgsm import FgsmParams
from perturbations.pgd import PgdParams
from tests.toys import Linear, linear_classifier, small_cnn_classifier


def sign_of(model: Classifier) -> torch.Tensor:
    assert isinstance(model.network, Linear)
    return model.network.weight[0].detach().sign()


def examples(margin: float = 4, count: int = 12) -> Split:
    """Pictures whose logit is far above 0 (even ones) or below, by gray levels along the weights."""
    direction = sign_of(linear_classifier()).numpy()
    truth = np.arange(count) % 2 == 0
    images = np.stack([128 + margin * (direction if present else -direction) for present in truth]) / 255
    return Split(images.astype(np.float32), truth, np.array([str(i) for i in range(count)]))


def value(found: Defended, key: str) -> dict[str, float]:
    return {row: score.value for row, score in rates_of(found)[key].items()}


def test_without_a_defense_both_attackers_are_the_same_and_noise_takes_nothing() -> None:
    found = measure_defenses(linear_classifier(), examples(), "fgsm", FgsmParams(epsilon=8), methods=[])
    assert set(found.right) == {NONE}
    assert value(found, NONE) == {"clean": 1, "noise": 1, "unknowing": 0, "knowing": 0}
    score = rates_of(found)[NONE]["unknowing"]
    assert (score.n, score.better) == (12, "higher")
    assert score.interval == pytest.approx((0, 0.2425), abs=1e-4)  # Wilson's


def test_a_defense_that_only_hides_the_gradient_falls_to_the_attacker_who_knows() -> None:
    """Few gray levels round away what was not aimed at the border between two; who knows lets the gradient pass."""
    shares: list[float] = []
    found = measure_defenses(
        linear_classifier(),
        examples(),
        "pgd",
        PgdParams(epsilon=8, steps=5),
        methods=["bit_depth", "median_smoothing"],
        report=shares.append,
    )
    for key in ("bit_depth", "median_smoothing"):
        rates = value(found, key)
        assert set(rates) == set(ROWS)
        assert rates["knowing"] <= rates["unknowing"]
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_who_attacks_a_defense_that_draws_averages_over_ten_draws_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[tuple[bool, int]] = []
    original = defended.perturb_batch

    def watched(key: str, model: Classifier, pixels: Any, goal: Goal, params: Params, **more: Any) -> Any:
        if key == "pgd":
            used.append((model.answer is not None, int(params.as_dict()["averaged"])))
        return original(key, model, pixels, goal, params, **more)

    monkeypatch.setattr(defended, "perturb_batch", watched)
    methods = ["logit_noise", "randomized_smoothing", "bit_depth"]
    measure_defenses(linear_classifier(), examples(count=2), "pgd", PgdParams(steps=1), methods=methods)
    assert used == [(False, 1)] * 2 + [(True, 10)] * 2 + [(True, 2)] * 2 + [(True, 1)] * 2


def test_what_cannot_serve_is_left_out_or_refused() -> None:
    model = linear_classifier()
    found = measure_defenses(model, examples(count=2), "fgsm")
    assert "ensemble" not in found.right
    assert "jpeg_compression" in found.right
    with pytest.raises(Unsupported, match="needs a surrogate"):
        measure_defenses(model, examples(count=2), "fgsm", methods=["ensemble"])
    with pytest.raises(UnknownName, match="Choose one of"):
        measure_defenses(model, examples(count=2), "fgsm", methods=["prayer"])
    with pytest.raises(Unsupported, match="needs a distance from the training data"):
        measure_detectors(model, examples().images, examples().images, examples(), methods=["mahalanobis"])


def far(model: Classifier) -> Classifier:
    """Suspicious is what lies away from mid-gray across the weights, in gray levels: nothing that misleads."""
    across = sign_of(model).flatten()[None].clone()
    across[:, ::2] *= -1

    def distance(x: torch.Tensor) -> torch.Tensor:
        away = 255 * (x.flatten(1) - 0.5)
        return (away * across).mean(1).abs()

    return dataclasses.replace(model, distance=distance)


def test_who_knows_the_detector_misleads_the_model_and_looks_harmless() -> None:
    model, test, hide = far(linear_classifier()), examples(), Goal(0, "hide")
    clean = test.images[test.truth]
    found = evade("mahalanobis", model, clean, hide, None, Evasion(epsilon=8, steps=20))
    assert np.abs(found - clean).max() <= 8 / 255 + 1e-6
    assert 0 <= found.min() <= found.max() <= 1
    assert all(hide.reached(prediction) for prediction in model.predict_batch(found))
    assert model.distance is not None
    assert float(model.distance(torch.from_numpy(found)).max()) < 0.2
    assert np.array_equal(found, evade("mahalanobis", model, clean, hide, None, Evasion(epsilon=8, steps=20)))


def test_where_the_goal_is_out_of_reach_he_comes_as_near_as_he_can() -> None:
    model, test, hide = far(linear_classifier()), examples(), Goal(0, "hide")
    clean = test.images[test.truth][:1]
    found = evade("mahalanobis", model, clean, hide, None, Evasion(epsilon=1, steps=10))
    np.testing.assert_allclose(found, clean - sign_of(model).numpy() / 255, atol=1e-5)


def test_a_score_without_a_gradient_is_lowered_by_trying(monkeypatch: pytest.MonkeyPatch) -> None:
    """Suspicious is here how bright one pixel is."""
    blind = dataclasses.replace(
        DETECTORS["mahalanobis"], differentiable=False, function=lambda model, x, *_: x[:, 0, 0, 0]
    )
    monkeypatch.setitem(DETECTORS._methods, "mahalanobis", blind)
    model, test, hide = far(linear_classifier()), examples(), Goal(0, "hide")
    clean = test.images[test.truth][:2]
    found = evade("mahalanobis", model, clean, hide, None, Evasion(epsilon=8, steps=80))
    assert all(hide.reached(prediction) for prediction in model.predict_batch(found))
    assert np.abs(found - clean).max() <= 8 / 255 + 1e-6
    assert (found[:, 0, 0, 0] < clean[:, 0, 0, 0] - 2 / 255).all()
    assert sign_of(model)[0, 0, 0] < 0, "whoever only hides the finding makes this pixel brighter"


def test_thresholds_lie_on_validation_and_rates_on_test_pictures() -> None:
    """The detector is shown only what it is asked about, in this order."""
    model, test = far(linear_classifier()), examples()
    rng = np.random.default_rng(0)
    validation = (0.5 + rng.normal(0, 0.1, (40, 1, 16, 16))).clip(0, 1).astype(np.float32)
    found = measure_detectors(
        model,
        validation[:10],
        validation,
        test,
        methods=["mahalanobis", "lid"],
        attacks={"fgsm": {"epsilon": 8.0}},
        artifacts={"gaussian_noise": {}},
        evasion=Evasion(epsilon=8, steps=5),
    )
    first = found.detections[0]
    assert model.distance is not None
    assert first.threshold == pytest.approx(np.quantile(model.distance(torch.from_numpy(validation)).numpy(), 0.95))
    assert [each.key for each in found.detections] == ["mahalanobis", "lid"]
    for each in found.detections:
        assert set(each.scores) == {CLEAN, "gaussian_noise", "fgsm", KNOWING}
        assert all(scores.shape == (12,) for scores in each.scores.values())
        assert each.wrong["fgsm"].all()
    assert found.attacks == {"fgsm": {"epsilon": 8.0}}


def detection(**scores: list[float]) -> Detected:
    arrays = {name: np.array(values) for name, values in scores.items()}
    wrong = {name: values > 0 for name, values in arrays.items() if name not in (CLEAN, "jpeg")}
    one = Detection("lid", 2.0, arrays, wrong)
    return Detected(0, np.array([0, 1, 2, 3]), {"pgd": {}}, {"jpeg": {}}, Evasion(epsilon=1, steps=20), (one,))


def test_only_attacks_that_succeed_count() -> None:
    found = detection(clean=[1, 1, 1, 3], jpeg=[3, 3, 1, 1], pgd=[-1, 5, 6, 2], knowing=[-1, -1, -1, -1])
    one = found.detections[0]
    alarms = false_alarms(found, one)
    assert {name: score.value for name, score in alarms.items()} == {"clean": 0.25, "jpeg": 0.5}
    made = caught(found, one)
    assert (made["pgd"].misled.value, made["pgd"].caught.value, made["pgd"].unseen.value) == (0.75, 2 / 3, 0.25)
    assert made["pgd"].auroc.value == pytest.approx(11 / 12)
    false, true = roc(one, "pgd")
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(true, false) == pytest.approx(11 / 12)
    assert (made["pgd"].auroc.n, made["pgd"].caught.n, made["pgd"].unseen.n) == (3, 3, 4)
    assert made["knowing"].misled.value == 0
    assert math.isnan(made["knowing"].auroc.value)
    assert math.isnan(made["knowing"].caught.value)


def test_both_are_kept_in_one_file_and_read_again(tmp_path: Path) -> None:
    model = linear_classifier()
    card = model.card
    assert defenses_of(card, tmp_path) is None
    assert detectors_of(card, tmp_path) is None
    defended = measure_defenses(linear_classifier(), examples(), "fgsm", methods=["bit_depth"])
    detected = detection(clean=[1, 1, 1, 3], jpeg=[3, 3, 1, 1], pgd=[-1, 5, 6, 2], knowing=[1, 1, 1, 1])
    keep(model, defended, tmp_path)
    keep(model, detected, tmp_path)
    again, found = defenses_of(card, tmp_path), detectors_of(card, tmp_path)
    assert again is not None
    assert found is not None
    assert {key: value(again, key) for key in again.right} == {key: value(defended, key) for key in defended.right}
    assert (again.perturbation, again.params, again.seed) == ("fgsm", {"epsilon": 1.0} | dict(again.params), 0)
    assert found.evasion == detected.evasion
    assert caught(found, found.detections[0])["pgd"].auroc == caught(detected, detected.detections[0])["pgd"].auroc
    other = dataclasses.replace(card, sha256="1" * 64)
    assert defenses_of(other, tmp_path) is None
    assert detectors_of(other, tmp_path) is None


def test_what_was_measured_elsewhere_than_at_the_first_point_is_not_kept(tmp_path: Path) -> None:
    model = linear_classifier()
    points = {"balanced": (0.5,), "screening": (0.3,)}
    model = dataclasses.replace(model, card=dataclasses.replace(model.card, operating_points=points))
    found = measure_defenses(model.at("screening"), examples(), "fgsm", methods=["bit_depth"])
    with pytest.raises(ParameterError, match="must be balanced for what is kept, not screening"):
        keep(model.at("screening"), found, tmp_path)
    keep(model.at("balanced"), found, tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"defenses": {}, "sha256": "%s"}' % ("0" * 64)])
def test_a_damaged_file_says_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "toy.json").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match="Defenses of toy: can't be read"):
        defenses_of(linear_classifier().card, tmp_path)


@pytest.mark.parametrize(
    ("whole", "broken"), [('"noise"', '"nose"'), ('"clean": [1, ', '"clean": ['), ('"groups": [0, ', '"groups": [')]
)
def test_columns_that_are_missing_or_too_short_say_so(tmp_path: Path, whole: str, broken: str) -> None:
    model = linear_classifier()
    keep(model, measure_defenses(model, examples(), "fgsm", methods=[]), tmp_path)
    text = (tmp_path / "toy.json").read_text()
    assert whole in text
    (tmp_path / "toy.json").write_text(text.replace(whole, broken))
    with pytest.raises(ModelError, match=r"Defenses of toy: can't be read"):
        defenses_of(model.card, tmp_path)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_what_is_kept_belongs_to_the_weights_that_are_bundled(path: Path) -> None:
    (card,) = (card for card in cards() if card.key == path.stem)
    found, detected = defenses_of(card), detectors_of(card)
    assert found is not None or detected is not None
    if found is not None:
        rates = rates_of(found)
        assert rates[NONE]["unknowing"] == rates[NONE]["knowing"]
        assert all(set(rows) == set(ROWS) for rows in rates.values())
    if detected is not None:
        for each in detected.detections:
            assert set(each.scores) == {CLEAN, KNOWING, *detected.attacks, *detected.artifacts}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Thirty random pictures of as many patients, ten in each split."""
    rng = np.random.default_rng(0)
    with (tmp_path / "labels.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "label", "group", "split", "source", "licence"))
        for i in range(30):
            Image.fromarray(rng.integers(0, 255, (32, 32), dtype=np.uint8)).save(tmp_path / f"{i}.png")
            writer.writerow(
                (f"{i}.png", ("normal", "pneumonia")[i % 2], i, ("train", "val", "test")[i // 10], "made", "CC0")
            )
    return tmp_path


def toy() -> Classifier:
    model = small_cnn_classifier()
    return dataclasses.replace(model, card=dataclasses.replace(model.card, key="cxr_pneumonia", labels=("pneumonia",)))


def test_a_sample_is_half_with_the_finding_and_of_one_split(folder: Path) -> None:
    card = toy().card
    test, validation = sampled(folder, card, 4), sampled(folder, card, 100, "val")
    assert test.images.shape == (4, 1, 32, 32)
    assert test.images.dtype == np.float32
    assert test.truth.sum() == 2
    assert len(validation.truth) == 10
    assert not set(test.groups) & set(validation.groups)


@pytest.mark.parametrize(
    ("command", "methods", "flags"),
    [("defend", "bit_depth,logit_noise", ("--pgd.steps", "2")), ("detect", "feature_squeezing,lid", ())],
)
def test_the_command_prints_and_keeps(
    command: str,
    methods: str,
    flags: tuple[str, ...],
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli, "load_classifier", lambda *_: toy())
    out = tmp_path / "out"
    given = [command, "--data", str(folder), "--model", "toy", "--methods", methods, "--limit", "4", *flags]
    assert cli.main([*given, "--json", "--out", str(out)]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["recipe"]["model"] == "cxr_pneumonia"
    if command == "defend":
        assert set(made["defenses"]) == {"none", "bit_depth", "logit_noise"}
        assert made["defenses"]["none"]["knowing"]["n"] == 4
        assert defenses_of(toy().card, out) is not None
    else:
        assert set(made["detectors"]) == {"feature_squeezing", "lid"}
        assert set(made["detectors"]["lid"]["attacks"]) == {"fgsm", "pgd", "square", "knowing"}
        assert detectors_of(toy().card, out) is not None
    assert cli.main(given) == 0
    assert "knowing" in capsys.readouterr().out
