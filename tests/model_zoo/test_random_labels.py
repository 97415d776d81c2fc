"""The network that learned random labels, as it is shipped with a model: written, read, and refused when damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import ModelError
from core.values import Score
from explainers import explain
from explainers._randomized import with_random_labels
from model_zoo.architectures import build
from model_zoo.cards import cards, load_card
from model_zoo.loading import load_classifier
from model_zoo.memorize import LEAST
from model_zoo.random_labels import Learned, learned_by, random_labels_of, write_random_labels

CARD = load_card("cxr_pneumonia")
OURS = [card for card in cards() if card.role != "foreign"]
KNOWN = {"pictures": 9, "labels_known": 8, "auroc_of_the_finding": {"value": 0.5, "interval": [0.4, 0.6], "n": 7}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    network = build(CARD.architecture, CARD.input, 1)
    weights = {name: tensor.contiguous() for name, tensor in network.half().state_dict().items()}
    write_random_labels(CARD, weights, KNOWN, tmp_path)
    return tmp_path


def test_what_is_written_is_read(folder: Path) -> None:
    load = random_labels_of(CARD, folder)
    assert load is not None
    loaded = load()
    assert loaded.cam_layer is not None
    assert loaded.network(torch.rand(1, CARD.input.channels, CARD.input.size, CARD.input.size)).shape == (1, 1)
    assert all(p.dtype == torch.float32 for p in loaded.network.parameters())
    assert learned_by(CARD, folder) == Learned(8, 9, Score(0.5, "", "higher", (0.4, 0.6), 7))


def test_a_damaged_file_is_refused_by_name(folder: Path) -> None:
    load = random_labels_of(CARD, folder)
    assert load is not None
    path = folder / "cxr_pneumonia.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ModelError, match="can't be read as a network that learned random labels"):
        load()


@pytest.mark.parametrize("key", [card.key for card in OURS if card.role == "standard"])
def test_the_shipped_ones_are_other_networks_whose_record_says_what_they_know(key: str) -> None:
    model, learned = load_classifier(key), learned_by(load_card(key))
    assert model.random_labels is not None
    double = model.random_labels()
    assert double is model.random_labels()
    x = torch.rand(1, model.card.input.channels, model.card.input.size, model.card.input.size)
    assert double(x).shape == (1, 1)
    assert not torch.allclose(double(x), model(x), atol=0.1)
    assert not any(p.requires_grad for p in double.network.parameters())
    assert (double.card.sha256, double.card.results) == ("", {})
    assert learned is not None
    assert learned.labels >= LEAST * learned.pictures
    assert learned.finding.interval is not None
    low, high = learned.finding.interval
    assert low <= 0.5 <= high


@pytest.mark.parametrize("method", ["deep_lift", "lrp", "saliency"])
def test_with_its_labels_exchanged_each_value_changes_sides(method: str) -> None:
    model = load_classifier("cxr_pneumonia")
    pixels = torch.rand(1, 224, 224, generator=torch.Generator().manual_seed(0)).numpy()
    heat, other = (
        explain(method, with_random_labels(model, exchanged=exchanged), pixels, 0).heat for exchanged in (False, True)
    )
    assert np.abs(heat).max() > 0
    np.testing.assert_allclose(other, heat if method == "saliency" else -heat, atol=1e-4 * np.abs(heat).max())


@pytest.mark.parametrize("key", [card.key for card in OURS if card.role != "standard"])
def test_the_others_have_none(key: str) -> None:
    assert "random labels" not in load_classifier(key).offers
