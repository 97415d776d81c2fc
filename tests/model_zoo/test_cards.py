"""Cards are checked field by field, and say the same as the weights beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ModelError, UnknownName
from model_zoo.cards import FOLDER, cards, load_card, read_card, write_card
from model_zoo.loading import WEIGHTS, load_network

KEYS = ("cxr_pneumonia", "dermoscopy_melanoma", "fundus_referable_dr")


def test_there_is_a_card_for_each_modality() -> None:
    assert tuple(card.key for card in cards()) == KEYS
    assert {card.input.modality for card in cards()} == {"cxr", "dermoscopy", "fundus"}


@pytest.mark.parametrize("key", KEYS)
def test_card_and_weights_agree(key: str) -> None:
    card = load_card(key)
    network = load_network(card, WEIGHTS / card.weights)
    assert network.backbone.classifier.out_features == len(card.labels) == 1
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
        ("thresholds = ", "thresholds = [0.5, 0.5] #", "thresholds: must be as many as labels"),
        ("thresholds = ", "thresholds = [1.5] #", "thresholds: must lie between 0 and 1"),
        ("sha256 = ", 'sha256 = "beef" #', "sha256: must be 64 hexadecimal digits, not 'beef'"),
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
