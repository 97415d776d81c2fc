"""Cards of models from elsewhere: found, told apart from ours, and no danger to the rest where they are broken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import ModelError, UnknownName
from model_zoo import cards as zoo
from model_zoo.cards import FOLDER, card_problems, cards, load_card, models_folder, parse_card, write_card
from tests.foreign import foreign_card


def text_of(tmp_path: Path) -> str:
    write_card(foreign_card(), tmp_path / "card")
    return (tmp_path / "card").read_text(encoding="utf-8")


def test_the_folder_of_models(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert models_folder() == models
    monkeypatch.delenv("SECOND_LOOK_MODELS")
    assert models_folder().is_relative_to(Path.home())
    monkeypatch.setenv("SECOND_LOOK_MODELS", str(models / "absent"))
    assert card_problems() == ()
    assert all(card.role != "foreign" for card in cards())


def test_foreign_cards_come_after_ours(models: Path) -> None:
    ours = cards()
    write_card(foreign_card(), models / "elsewhere.toml")
    assert cards() == (*ours, foreign_card())
    assert load_card("elsewhere") == foreign_card()
    (models / "elsewhere.toml").unlink()
    with pytest.raises(UnknownName):
        load_card("elsewhere")


def test_broken_cards_are_told_of_and_left_out(models: Path) -> None:
    ours = cards()
    (models / "broken.toml").write_text("key = ", encoding="utf-8")
    (models / "binary.toml").write_bytes(b"\xff\xfe")
    write_card(replace(foreign_card(), key="standard", role="standard", sha256="0" * 64), models / "standard.toml")
    write_card(foreign_card(key="cxr_pneumonia"), models / "cxr_pneumonia.toml")
    assert cards() == ours
    problems = "\n".join(card_problems())
    assert len(card_problems()) == 4
    assert "broken.toml: can't be read as a model card" in problems
    assert "binary.toml: can't be read as a model card" in problems
    assert "standard.toml: role: must be foreign, not 'standard'" in problems
    assert f"{models / 'cxr_pneumonia.toml'}: has the key of {FOLDER / 'cxr_pneumonia.toml'}" in problems
    assert load_card("cxr_pneumonia").role == "standard"
    with pytest.raises(ModelError, match="role: must be foreign, not 'standard'"):
        load_card("standard")


def test_a_card_is_read_again_only_when_its_file_changed(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_card(foreign_card(), models / "elsewhere.toml")
    assert load_card("elsewhere") is load_card("elsewhere")
    (models / "elsewhere.toml").unlink()
    write_card(foreign_card(summary="Another."), models / "elsewhere.toml")
    assert load_card("elsewhere").summary == "Another."


@pytest.mark.parametrize(
    ("line", "damaged", "reason"),
    [
        ('name = "From elsewhere"', "name = 3", "name: must be text, not 3"),
        ('key = "elsewhere"', 'key = "../../etc"', "key: must be letters, digits, - and _"),
        ('labels = ["one", "two"]', 'labels = "ab"\nhead = "exclusive"\nhidden = [7]', "hidden: must lie in 0 to 2"),
        ('labels = ["one", "two"]', 'labels = ["one", "one"]', "labels: must differ from each other"),
        ('labels = ["one", "two"]', "labels = [1, 2]", "labels: must be texts"),
        ('labels = ["one", "two"]', 'labels = ["one"]\nhead = "exclusive"', "head: can't be exclusive with one output"),
        ('labels = ["one", "two"]', 'labels = ["one", "two"]\nhidden = [1, 1]', "hidden: must differ from each other"),
        ('weights = "elsewhere.safetensors"', 'weights = ".."', "weights: must be a file name without a folder"),
        ('weights = "elsewhere.safetensors"', 'weights = "a.pkl"', "weights: must be a file name without a folder"),
        ('role = "foreign"', 'role = "foreign"\nformat = "pickle"', "format: must be one of"),
        ('role = "foreign"', 'role = "foreign"\nformat = ["timm"]', "format: must be one of"),
        ('role = "foreign"', 'role = "foreign"\nsource = "http://a.b/c"', "source: must be https://..."),
        ('role = "foreign"', 'role = "foreign"\nsource = "file:///etc/passwd"', "source: must be https://..."),
        ('role = "foreign"', 'role = "foreign"\nscope = inf', "scope: must be positive and finite"),
        ("temperature = 1.0", f"temperature = 1{'0' * 400}", "can't be read as a model card"),
        ("size = 64", "size = 5000", "input.size: must be 32 to 1024 pixels, not 5000"),
        ("size = 64", "size = 64.0", "input.size: must be a whole number"),
        ("balanced = ", '"a\\nb" = ', "must be named by letters, digits, - and _"),
        ("images = 0", 'images = "many"', "training.images: must be a whole number, at least 0, not 'many'"),
        ("images = 0", "images = -1", "training.images: must be a whole number, at least 0, not -1"),
        ('link = "https://example.org"', "link = 3", "training: must have name, license, link as text"),
        ("[input]", '[results.auroc]\nvalue = 0.9\nn = "all"\n[input]', "results.auroc.n: must be a whole number"),
        ("[input]", "[results.auroc]\nvalue = 0.9\nunit = 4\n[input]", "results.auroc.unit: must be text, not 4"),
        ("[operating_points]\nbalanced = [0.5, 0.5]", "operating_points = []", "can't be read as a model card"),
    ],
)
def test_refusals(line: str, damaged: str, reason: str, tmp_path: Path) -> None:
    text = text_of(tmp_path)
    assert line in text
    with pytest.raises(ModelError, match=reason) as refusal:
        parse_card(text.replace(line, damaged, 1), "The card")
    assert "repository" not in refusal.value.remedy


@pytest.mark.parametrize("text", ["a = " + "[" * 30_000, "", "\x00", "labels = 1"])
def test_no_text_does_more_than_be_refused(text: str) -> None:
    with pytest.raises(ModelError, match="The card"):
        parse_card(text, "The card")


def test_any_text_can_be_written_and_read_again(tmp_path: Path) -> None:
    text = "".join(map(chr, (*range(32), *range(126, 161), 0x2028, 0x1F600))) + "\"\\'"
    write_card(foreign_card(name=text), tmp_path / "elsewhere.toml")
    assert zoo.read_card(tmp_path / "elsewhere.toml").name == text


@pytest.mark.parametrize("source", ["", "https://example.org/w", "hf-hub:timm/resnet18.a1_in1k", "hf-hub:a/b/c.onnx"])
def test_sources(source: str, tmp_path: Path) -> None:
    write_card(foreign_card(source=source), tmp_path / "elsewhere.toml")
    assert zoo.read_card(tmp_path / "elsewhere.toml").source == source


def test_the_cards_in_the_documentation_can_be_read() -> None:
    folder = Path(__file__).resolve().parents[2] / "docs" / "models"
    assert [zoo.read_card(path).role for path in sorted(folder.glob("*.toml"))] == ["foreign", "foreign"]
