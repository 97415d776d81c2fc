"""What is shipped for a model: written, read, refused when damaged, and silent for other weights."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from core.errors import InputError, ModelError
from model_zoo.shipped import Shipped
from tests.toys import linear_classifier

CARD = linear_classifier().card
KIND = Shipped("a thing", "python -m thing")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    KIND.write(CARD, tmp_path / "new", b"data", {"note": "a toy"})
    return tmp_path / "new"


def test_what_is_written_is_read(folder: Path) -> None:
    load = KIND.loader(CARD, folder, bytes.upper)
    assert load is not None
    assert load() == b"DATA"
    assert KIND.record(CARD, folder, lambda record: record["note"]) == "a toy"
    assert {path.name for path in folder.iterdir()} == {"toy.json", "toy.safetensors"}


def test_there_is_nothing_for_other_weights_or_other_models(folder: Path) -> None:
    for other in (dataclasses.replace(CARD, sha256="1" * 64), dataclasses.replace(CARD, key="other")):
        assert KIND.record(other, folder, dict) is None
        assert KIND.loader(other, folder, bytes) is None


@pytest.mark.parametrize("data", [b"{", b"[]", b"{}", b"\xff"])
def test_a_damaged_record_is_refused_until_it_is_restored(folder: Path, data: bytes) -> None:
    whole = (folder / "toy.json").read_bytes()
    (folder / "toy.json").write_bytes(data)
    load = KIND.loader(CARD, folder, bytes)
    assert load is not None
    with pytest.raises(ModelError, match=r"toy.json: can't be read as a thing .*make them anew: python -m thing"):
        load()
    (folder / "toy.json").write_bytes(whole)
    assert load() == b"data"


def test_a_record_of_which_no_sense_can_be_made_is_refused(folder: Path) -> None:
    with pytest.raises(ModelError, match=r"toy.json: can't be read as a thing \('flips'\)"):
        KIND.record(CARD, folder, lambda record: record["flips"])


def test_damaged_data_are_refused_when_they_are_asked_for(folder: Path) -> None:
    load, file = KIND.loader(CARD, folder, bytes), folder / "toy.safetensors"
    assert load is not None
    file.write_bytes(b"date")
    with pytest.raises(ModelError, match=r"toy.safetensors: .*sha256 is .*, its record says"):
        load()
    file.unlink()
    with pytest.raises(ModelError, match="can't be read as a thing"):
        load()


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="can't be written to"):
        KIND.write(CARD, tmp_path / "file", b"", {})
