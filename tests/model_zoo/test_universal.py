"""The changes that are shipped with a model: written, read, refused when damaged or made for other weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.errors import ModelError
from core.values import Floats
from model_zoo import universal
from model_zoo.cards import load_card
from model_zoo.loading import load_classifier
from model_zoo.universal import SHIPPED, universal_of, write_universal
from tests.toys import linear_classifier

CARD = linear_classifier().card
CHANGES: Floats = np.random.default_rng(0).uniform(-1, 1, (2, 1, 16, 16)).astype(np.float32)
CHANGES[0, 0, 0, 0] = -1
KEYS = [path.stem for path in sorted(universal.FOLDER.glob("*.json"))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_universal(CARD, CHANGES, {"note": "a toy"}, tmp_path / "new")
    return tmp_path / "new"


def test_what_is_written_is_read_to_a_127th(folder: Path) -> None:
    read = universal_of(CARD, folder)
    assert read is not None
    np.testing.assert_allclose(read(), CHANGES, atol=0.5 / 127 + 1e-6)
    assert read()[0, 0, 0, 0] == -1
    record = SHIPPED.record(CARD, folder, dict)
    assert record is not None
    assert record["note"] == "a toy"
    assert {path.name for path in folder.iterdir()} == {"toy.json", "toy.safetensors"}


def test_a_damaged_change_is_refused_when_it_is_asked_for(folder: Path) -> None:
    read = universal_of(CARD, folder)
    assert read is not None
    (folder / "toy.safetensors").unlink()
    with pytest.raises(ModelError, match="can't be read as changes"):
        read()


def test_a_change_of_another_shape_is_refused(folder: Path) -> None:
    write_universal(CARD, CHANGES[:, :, :8], {}, folder)
    read = universal_of(CARD, folder)
    assert read is not None
    with pytest.raises(ModelError, match=r"holds changes of \(2, 1, 8, 16\), toy takes \(2, 1, 16, 16\)"):
        read()


@pytest.mark.parametrize("key", KEYS)
def test_the_shipped_ones_are_whole_small_and_beat_random_signs(key: str) -> None:
    card = load_card(key)
    read, record = universal_of(card), SHIPPED.record(card, universal.FOLDER, dict)
    assert read is not None
    assert record is not None
    changes = read()
    assert np.abs(changes).max(axis=(1, 2, 3)).tolist() == [1, 1]
    assert (changes[..., ~card.input.visible] == 0).all()
    assert (universal.FOLDER / f"{key}.safetensors").stat().st_size < 500_000
    strongest = record["flips"][-1]
    for way in ("hide", "induce"):
        made, control = strongest[way], strongest[f"control_{way}"]
        assert made["n"] == control["n"] >= 50
        assert made["interval"][0] > control["interval"][1]


def test_the_standard_models_have_one() -> None:
    assert {"cxr_pneumonia", "dermoscopy_melanoma", "fundus_referable_dr"} <= set(KEYS)


@pytest.mark.parametrize("key", ["cxr_pneumonia", "cxr_pneumonia_robust", "cxr_pneumonia_backdoored"])
def test_the_surrogate_of_a_task_serves_all_models_of_it(key: str) -> None:
    surrogate = load_classifier(key).surrogate
    assert surrogate is not None
    assert surrogate() is load_classifier("cxr_pneumonia_surrogate")
    assert surrogate().surrogate is None


def test_the_record_names_the_weights() -> None:
    for key in KEYS:
        record = json.loads((universal.FOLDER / f"{key}.json").read_text())
        assert record["weights"] == load_card(key).sha256
