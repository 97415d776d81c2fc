"""Scores of place on outlined pictures: known answers, what a result says in words, and which pictures may be used."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core.classifier import Classifier
from core.errors import InputError, ModelError, UnknownName
from core.values import Floats, InputSpec, Mask, ModelCard, Score
from evaluation import cli
from evaluation.localize import CENTER, CHEAP, RANDOM, SCORES, Localization, cheap_methods, localize
from evaluation.localized import (
    FOLDER,
    Row,
    differences,
    localizations_of,
    mean_score,
    rows_of,
    sentence,
    sign,
    twins,
    write_localizations,
)
from evaluation.marked import NAMES, Marked, in_frame, isic, marked_pictures, phantoms, unseen
from explainers import EXPLAINERS, explain
from explainers.metrics import assess
from model_zoo.cards import cards
from model_zoo.data import read_rows
from model_zoo.tasks import load_task
from tests.toys import Linear, classifier

SIZE = 16
SPEC = InputSpec(modality="dermoscopy", channels=3, size=SIZE, fit="squash")


def corner() -> Mask:
    """The finding: a quarter of the picture, far from the center."""
    mask = np.zeros((SIZE, SIZE), dtype=np.bool_)
    mask[:8, :8] = True
    return mask


def model_of(weight: Mask) -> Classifier:
    """A linear model that looks only where weight is; it has one gray channel."""
    network = Linear(torch.from_numpy(weight.astype(np.float32))[None, None])
    return classifier(network, network.features, 1, SIZE, 1)


def marked(count: int = 3) -> Marked:
    images = np.random.default_rng(0).random((count, 1, SIZE, SIZE)).astype(np.float32)
    return Marked("cxr_phantoms", images, np.stack([corner()] * count), tuple("abcdefghijklmnop"[:count]))


def found(**scores: float) -> Localization:
    """Twelve pictures on which each map has the same scores, but for a little that differs by picture."""
    spread = np.linspace(-0.01, 0.01, 12)
    values = {
        key: {name: np.add(value, spread * (i + 1)) for name in SCORES} for i, (key, value) in enumerate(scores.items())
    }
    return Localization("isic", np.arange(12), 0, np.ones(12, dtype=np.bool_), np.full(12, 0.3), values)


def test_a_map_of_the_finding_alone_has_full_scores() -> None:
    result = localize(model_of(corner()), marked(), ["saliency"])
    for name in SCORES:
        assert result.scores["saliency"][name].tolist() == [1, 1, 1]
    assert result.areas.tolist() == [0.25] * 3
    assert result.methods == ["saliency"]


def test_a_map_of_everything_else_has_none() -> None:
    result = localize(model_of(~corner()), marked(), ["saliency"])
    for name in SCORES:
        assert result.scores["saliency"][name].tolist() == [0, 0, 0]


def test_the_maps_that_know_nothing() -> None:
    floors = localize(model_of(corner()), marked(), []).scores
    assert floors[RANDOM]["mass_inside"] == pytest.approx(0.25, abs=0.02)
    assert floors[RANDOM]["localization_auc"] == pytest.approx(0.5, abs=0.03)
    assert floors[RANDOM]["iou"] == pytest.approx(0.25 / 1.75, abs=0.03)
    assert floors[CENTER]["mass_inside"] == pytest.approx(0.25)  # by symmetry
    assert floors[CENTER]["pointing_game"] == pytest.approx(0.25)  # one of the four pixels in the middle


def test_floors_are_those_of_assess() -> None:
    model, pictures = model_of(corner()), marked(1)
    attribution = explain("saliency", model, pictures.images[0], 0)
    result = localize(model, pictures, ["saliency"])
    for name in SCORES:
        assessed = assess(name, model, pictures.images[0], attribution, region=pictures.masks[0])
        assert result.scores["saliency"][name][0] == assessed.score.value
        assert result.scores[CENTER][name][0] == pytest.approx(assessed.center.value, abs=0.02)  # ties at random
        assert result.scores[RANDOM][name][0] == pytest.approx(assessed.random.value, abs=0.05)


def test_a_map_that_is_the_same_everywhere_has_no_score() -> None:
    result = localize(model_of(np.zeros((SIZE, SIZE), dtype=np.bool_)), marked(), ["saliency"])
    assert all(np.isnan(values).all() for values in result.scores["saliency"].values())
    (row,) = (row for row in rows_of(result) if row.method == "saliency")
    assert row.scores["iou"].n == 0
    assert sentence(row) == "Made no map here."


def test_a_method_that_is_not_there() -> None:
    with pytest.raises(UnknownName, match="Choose one of"):
        localize(model_of(corner()), marked(), ["tea_leaves"])


def test_cheap_methods_serve_the_model() -> None:
    keys = cheap_methods(model_of(corner()))
    assert {"saliency", "smoothgrad", "grad_cam"} <= set(keys)
    assert not {"occlusion", "rise", "lime"} & set(keys)
    blind = dataclasses.replace(model_of(corner()), differentiable=False)
    assert "saliency" not in cheap_methods(blind)


def row(result: Localization, key: str) -> Row:
    return next(each for each in rows_of(result) if each.method == key)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.9, "Better than the central blob on all four scores."),
        (0.6, "Not told apart from the central blob."),
        (0.4, "Worse than the central blob on all four scores."),
        (0.1, "No better than random values on any score; worse than the central blob on all four scores."),
    ],
)
def test_what_a_result_says(value: float, said: str) -> None:
    assert sentence(row(found(random=0.2, center=0.6, saliency=value), "saliency")) == said


def test_scores_that_disagree() -> None:
    result = found(random=0.2, center=0.6, saliency=0.9)
    result.scores["saliency"]["iou"][:] = 0.3
    result.scores["saliency"]["pointing_game"][:] = result.scores[CENTER]["pointing_game"]
    assert sentence(row(result, "saliency")) == (
        "Better than the central blob on mass inside and localization AUC, worse on IoU at equal area."
    )


def test_few_pictures_tell_nothing() -> None:
    assert sign(Score(0.5, interval=(0.4, 0.6), n=9)) == 0
    assert sign(Score(0.5, interval=(0.4, 0.6), n=10)) == 1
    assert sign(Score(-0.5, interval=(-0.6, -0.4), n=10)) == -1
    assert sign(Score(0.1, interval=(-0.1, 0.3), n=10)) == 0
    few = localize(model_of(corner()), marked(9), ["saliency"])
    assert sentence(row(few, "saliency")) == "Too few pictures to tell."


def test_differences_are_paired() -> None:
    values = np.linspace(0, 1, 12)
    result = found(random=0.0, center=0.0, saliency=0.0)
    result.scores[CENTER]["iou"][:] = values
    result.scores["saliency"]["iou"][:] = values + 0.01
    difference = differences(result, "saliency", result, CENTER)["iou"]
    assert difference.value == pytest.approx(0.01)
    assert difference.interval == pytest.approx((0.01, 0.01))
    wide = mean_score("iou", values, result.groups).interval
    assert wide is not None
    assert wide[1] - wide[0] > 0.2


def test_the_interval_is_over_groups() -> None:
    values, alone, paired = np.repeat([0.0, 1.0] * 4, 4), np.arange(32), np.repeat(np.arange(8), 4)
    widths = []
    for groups in (alone, paired):
        around = mean_score("iou", values, groups).interval
        assert around is not None
        widths.append(around[1] - around[0])
    assert widths[1] > 1.5 * widths[0]


def test_undefined_scores_are_left_out_of_mean_and_n() -> None:
    score = mean_score("iou", np.array([0.25, math.nan, 0.75]), np.arange(3))
    assert (score.value, score.n) == (0.5, 2)


def test_methods_are_ordered_by_localization_auc() -> None:
    result = found(random=0.2, center=0.6, grad_cam=0.5, saliency=0.7, lrp=0.6)
    result.scores["lrp"]["localization_auc"][:] = math.nan
    assert [each.method for each in rows_of(result)] == [RANDOM, CENTER, "saliency", "grad_cam", "lrp"]


def test_twins_are_compared_on_the_same_pictures() -> None:
    standard = found(random=0.2, center=0.6, grad_cam=0.5, saliency=0.5, lrp=0.5)
    robust = found(random=0.2, center=0.6, grad_cam=0.5, saliency=0.7, lrp=0.3, deep_lift=0.9)
    assert twins(standard, robust) == (["saliency"], ["lrp"])
    others = dataclasses.replace(robust, areas=robust.areas / 2)
    assert twins(standard, others) is None


def test_results_survive_their_file(tmp_path: Path) -> None:
    card = model_of(corner()).card
    result = localize(model_of(corner()), marked(), ["saliency"])
    result.scores["saliency"]["iou"][1] = math.nan
    write_localizations(card, [result], tmp_path)
    text = (tmp_path / "toy.json").read_text()
    assert "NaN" not in text
    assert json.loads(text)["sets"][0]["groups"] == [0, 1, 2]
    (again,) = localizations_of(card, tmp_path)
    assert again.scores["saliency"]["iou"].tolist() == pytest.approx([1, math.nan, 1], nan_ok=True)
    assert (again.name, again.left_out, again.flagged.tolist()) == ("cxr_phantoms", 0, result.flagged.tolist())
    assert localizations_of(dataclasses.replace(card, sha256="1" * 64), tmp_path) == []
    assert localizations_of(dataclasses.replace(card, key="other"), tmp_path) == []
    (tmp_path / "toy.json").write_text(json.dumps({"sha256": card.sha256}))
    with pytest.raises(ModelError, match="can't be read as scores of maps"):
        localizations_of(card, tmp_path)


def test_what_is_stored_is_of_the_published_models() -> None:
    by_key = {card.key: card for card in cards()}
    for path in FOLDER.glob("*.json"):
        results = localizations_of(by_key[path.stem])
        assert results, f"{path.name} is of other weights: python -m evaluation localize --model {path.stem}"
        assert {result.name for result in results} <= set(NAMES)
        cheap = {method.key for method in EXPLAINERS if method.passes(method.params(), (3, 224, 224)) <= CHEAP}
        assert all(cheap <= set(result.methods) for result in results)


@pytest.mark.parametrize("card", [card for card in cards() if card.role == "robust"], ids=lambda card: card.key)
def test_what_is_stored_of_a_robust_model_is_stored_of_its_twin(card: ModelCard) -> None:
    (twin,) = (other for other in cards() if other.key == card.twin)
    standard = {each.name: each for each in localizations_of(twin)}
    robust = {each.name: each for each in localizations_of(card)}
    assert robust
    assert robust.keys() == standard.keys()
    for name, found in robust.items():
        assert found.methods == standard[name].methods
        assert np.array_equal(found.areas, standard[name].areas)


def test_what_is_measured_later_is_added(tmp_path: Path) -> None:
    """Further methods on the same pictures, and further sets; but not beside scores of other pictures."""
    card = model_of(corner()).card

    def found(name: str, method: str, area: float = 0.3) -> Localization:
        scores = {key: {score: np.full(3, 0.5) for score in SCORES} for key in (RANDOM, CENTER, method)}
        return Localization(name, np.arange(3), 0, np.ones(3, dtype=bool), np.full(3, area), scores)

    def stored() -> dict[str, list[str]]:
        return {each.name: each.methods for each in localizations_of(card, tmp_path)}

    write_localizations(card, [found("isic", "saliency")], tmp_path)
    write_localizations(card, [found("isic", "occlusion")], tmp_path)
    write_localizations(card, [found("dermoscopy_phantoms", "saliency")], tmp_path)
    assert stored() == {"isic": ["saliency", "occlusion"], "dermoscopy_phantoms": ["saliency"]}
    write_localizations(card, [found("isic", "lrp", area=0.4)], tmp_path)
    assert stored()["isic"] == ["lrp"]


@pytest.mark.thorough  # it looks through all pictures of training and validation
def test_real_retinas(shared_data: Path) -> None:
    """Some show eyes that are also in the training or validation split, and are left out."""
    drawn, real = marked_pictures(load_task("fundus_referable_dr"), shared_data, 3)
    assert (drawn.name, real.name) == ("fundus_phantoms", "idrid")
    assert len(real.images) == 3
    assert real.left_out > 0
    share = real.masks.mean(axis=(1, 2))
    assert (share > 0).all()
    assert (share < 0.3).all()


def test_masks_follow_their_picture_into_the_frame() -> None:
    pixels, mask = np.zeros((32, 64, 3), dtype=np.float32), np.zeros((32, 64), dtype=np.bool_)
    pixels[:16, :16], mask[:16, :16] = 1, True
    nothing = np.zeros_like(mask)
    made = in_frame("isic", [(pixels, mask), (pixels, nothing)], ["one", "two"], SPEC)
    assert made.groups == ("one",)
    assert made.masks[0].sum() == SIZE // 2 * SIZE // 4
    assert np.array_equal(made.masks[0], made.images[0, 0] >= 0.5)
    with pytest.raises(InputError, match="no picture whose finding the model sees"):
        in_frame("isic", [(pixels, nothing)], ["two"], SPEC)


def test_a_mask_outside_the_aperture_is_not_seen() -> None:
    spec = InputSpec(modality="fundus", channels=3, size=SIZE, fit="fov")
    made = in_frame("idrid", [(np.ones((32, 32, 3), dtype=np.float32), np.ones((32, 32), dtype=np.bool_))], ["a"], spec)
    assert np.array_equal(made.masks[0], spec.visible)


def texture(seed: int) -> Floats:
    return np.random.default_rng(seed).random((96, 96, 3)).astype(np.float32)


def test_a_picture_that_training_knows_is_found_though_it_was_resized() -> None:
    as_bytes = Image.fromarray((texture(0) * 255).astype(np.uint8)).resize((128, 128), Image.Resampling.BICUBIC)
    resized = np.asarray(as_bytes, dtype=np.float32) / np.float32(255)
    assert unseen([texture(0), texture(1)], [texture(2), resized], SPEC).tolist() == [False, True]


def test_phantoms_are_drawn_with_the_finding() -> None:
    made = phantoms(dataclasses.replace(SPEC, modality="cxr", channels=1), 2)
    assert made.images.shape == (2, 1, SIZE, SIZE)
    assert made.masks.any(axis=(1, 2)).all()
    assert made.groups == ("0", "1")


def test_only_outlined_melanomas_of_the_test_split_are_used(tmp_path: Path) -> None:
    folder, task = tmp_path / "dermoscopy", load_task("dermoscopy_melanoma")
    (folder / "lesion_masks").mkdir(parents=True)
    lines = [(split, label) for split in ("train", "val", "test") for label in ("melanoma", "nevus")]
    lines.append(("test", "melanoma"))
    with (folder / "labels.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "label", "group", "split", "source", "licence"))
        for i, (split, label) in enumerate(lines):
            Image.new("RGB", (20, 20), (90, 60, 50)).save(folder / f"{i}.png")
            writer.writerow((f"{i}.png", label, f"lesion {i}", split, "made", "CC0"))
    for i in range(6):
        Image.new("1", (20, 20), 1).save(folder / "lesion_masks" / f"{i}.png")
    made = isic(tmp_path, task, 10)
    assert made.groups == ("lesion 4",)
    assert made.masks.all()


def test_real_melanomas(shared_data: Path) -> None:
    task = load_task("dermoscopy_melanoma")
    drawn, real = marked_pictures(task, shared_data, 3)
    assert (drawn.name, real.name) == ("dermoscopy_phantoms", "isic")
    held_out = {row.group for row in read_rows(shared_data / "dermoscopy", task) if row.split == "test"}
    assert len(set(real.groups) & held_out) == 3
    assert (real.masks.mean(axis=(1, 2)) > 0.01).all()


def test_the_command_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    toy = model_of(corner())
    toy = dataclasses.replace(toy, card=dataclasses.replace(toy.card, key="cxr_pneumonia"))
    monkeypatch.setattr(cli, "load_classifier", lambda *_: toy)
    arguments = ("localize", "--model", "toy", "--limit", "2", "--methods", "saliency,input_x_gradient")
    assert cli.main([*arguments, "--json", "--out", str(tmp_path)]) == 0
    (made,) = json.loads(capsys.readouterr().out)["sets"]
    assert (made["name"], made["pictures"], made["left_out"]) == ("cxr_phantoms", 2, 0)
    assert set(made["methods"]) == {RANDOM, CENTER, "saliency", "input_x_gradient"}
    assert set(made["methods"]["saliency"]["scores"]) == set(SCORES)
    assert made["methods"]["saliency"]["sentence"] == "Too few pictures to tell."
    (stored,) = localizations_of(toy.card, tmp_path)
    assert stored.scores["saliency"]["iou"].mean() == pytest.approx(
        made["methods"]["saliency"]["scores"]["iou"]["value"], abs=1e-3
    )
    assert cli.main(arguments) == 0
    text = capsys.readouterr().out
    assert "Drawn chests with an opacity: 2 pictures" in text
    assert "localization_auc" in text
    assert cli.main([*arguments[:-1], "tea_leaves"]) == 2
    assert "Choose one of" in capsys.readouterr().err
