"""Cards are checked field by field, and say the same as the weights beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ModelError, UnknownName
from model_zoo.cards import FOLDER, cards, load_card, read_card, write_card
from model_zoo.loading import load_classifier

KEYS = [card.key for card in cards() if card.role != "foreign"]


def test_each_modality_has_one_standard_model() -> None:
    assert sorted(card.input.modality for card in cards() if card.role == "standard") == ["cxr", "dermoscopy", "fundus"]


@pytest.mark.parametrize("role", ["robust", "surrogate"])
def test_each_standard_model_has_its_twins(role: str) -> None:
    assert {card.twin: card.input.modality for card in cards() if card.role == role} == {
        "cxr_pneumonia": "cxr",
        "dermoscopy_melanoma": "dermoscopy",
        "fundus_referable_dr": "fundus",
    }


def test_a_variant_names_its_twin() -> None:
    for card in map(load_card, KEYS):
        assert (card.role == "standard") == (card.twin == "")
        assert card.role == "standard" or load_card(card.twin).role == "standard"


@pytest.mark.parametrize("key", KEYS)
def test_card_and_weights_agree(key: str) -> None:
    card, model = load_card(key), load_classifier(key)
    assert model.network.backbone.get_classifier().out_features == len(card.labels) == 1
    assert model.distance is not None
    assert card.scope is not None
    assert list(card.operating_points) == ["balanced", "screening"]
    assert card.results["auroc"].interval is not None
    assert card.results["auroc"].n is not None
    assert all(source.license and source.link for source in card.training)
    assert any("Phantoms" in source.name for source in card.training)


@pytest.mark.parametrize("key", KEYS)
def test_writing_and_reading_a_card(key: str, tmp_path: Path) -> None:
    write_card(load_card(key), tmp_path / f"{key}.toml")
    assert read_card(tmp_path / f"{key}.toml") == load_card(key)


@pytest.mark.parametrize(
    ("line", "damaged", "reason"),
    [
        ("temperature = ", "temperature = -1.0 #", "temperature: must be positive and finite, not -1.0"),
        ("balanced = ", "balanced = [0.5, 0.5] #", "operating_points.balanced: must be as many as labels"),
        ("balanced = ", "balanced = [1.5] #", "operating_points.balanced: must lie between 0 and 1"),
        ("license = ", 'role = "best"\nlicense = ', "role: must be one of"),
        ("license = ", 'format = "pickle"\nlicense = ', "format: must be one of"),
        ("license = ", 'head = "both"\nlicense = ', "head: must be independent or exclusive"),
        ("license = ", 'source = "ftp://there"\nlicense = ', "source: must be https"),
        ("license = ", "hidden = [9]\nlicense = ", "hidden: must lie in 0 to 1"),
        ("channels = ", "std = [0.0]\nchannels = ", "input.std: must be positive"),
        ("channels = ", "mean = [0.5, 0.5]\nchannels = ", "input.mean: must be one number or one a plane"),
        ("channels = ", "planes = 2\nchannels = ", "input.planes: must be channels or 3"),
        (
            "sha256 = ",
            'sha256 = "beef" #',
            "sha256: must be 64 hexadecimal digits; only foreign models may lack it, not 'beef'",
        ),
        ("weights = ", 'weights = "../up" #', "weights: must be a file name without a folder"),
        ("channels = ", "channels = 4 #", "input.channels: must be 1 or 3, not 4"),
        ("fit = ", 'fit = "pad" #', "input.fit: must be squash or fov, not 'pad'"),
        ("interval = ", "interval = [0.0, 0.1] #", "results.auroc: must lie in its interval"),
        ("license = ", "licence = ", "lacks the field 'license'"),
        ("name = ", "name ", "can't be read as a model card"),
    ],
)
def test_refusals(tmp_path: Path, line: str, damaged: str, reason: str) -> None:
    path = tmp_path / "cxr_pneumonia.toml"
    text = (FOLDER / path.name).read_text(encoding="utf-8")
    assert line in text
    path.write_text(text.replace(line, damaged, 1), encoding="utf-8")
    with pytest.raises(ModelError, match=reason) as refusal:
        read_card(path)
    assert str(path) in str(refusal.value)


def test_unknown_key() -> None:
    with pytest.raises(UnknownName, match="cxr_pneumonia"):
        load_card("cxr_measles")
