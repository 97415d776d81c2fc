"""The verdict on a model from elsewhere finds what would mislead later, and says so in words."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
import torch
from torch import Tensor, nn

from core.errors import LimitExceeded, ModelError
from core.values import ModelCard
from model_zoo import checks
from model_zoo.cards import read_card, write_card
from model_zoo.checks import Verdict, check_uploaded_weights, read_upload
from model_zoo.loading import read_classifier
from tests.foreign import Net, check_model, foreign_card, onnx_model, save_timm, save_torchscript


def told(verdict: Verdict, outcome: str) -> str:
    return "\n".join(line.sentence for line in verdict.lines if line.outcome == outcome)


def check_program(network: nn.Module, tmp_path: Path, **changes: object) -> Verdict:
    card = foreign_card(format="torchscript", weights="w.pt", **changes)
    save_torchscript(network, tmp_path / "w.pt")
    return check_model(card, tmp_path / "w.pt")


def test_a_good_model(tmp_path: Path) -> None:
    save_timm(foreign_card(), tmp_path / "w", op_threshs=torch.zeros(2))
    verdict = check_model(
        foreign_card(sha256=hashlib.sha256((tmp_path / "w").read_bytes()).hexdigest()), tmp_path / "w"
    )
    assert verdict.usable
    assert told(verdict, "failed") == ""
    assert "Left out of the file: op_threshs" in told(verdict, "note")
    passed = told(verdict, "passed")
    assert "the one that the card names by its sha256" in passed
    assert "Takes 1 x 64 x 64 pixels in [0, 1]; has 2 outputs, 2 labels." in passed
    assert "An image alone and in a batch gives the same logits" in passed
    assert "for Grad-CAM" in passed


def test_an_unnamed_file_is_noted_with_its_sha256(tmp_path: Path) -> None:
    save_timm(foreign_card(), tmp_path / "w")
    digest = hashlib.sha256((tmp_path / "w").read_bytes()).hexdigest()
    assert digest in told(check_model(foreign_card(), tmp_path / "w"), "note")


def test_hidden_outputs_are_counted(tmp_path: Path) -> None:
    verdict = check_program(Net(outputs=5), tmp_path, hidden=(0, 2, 4))
    assert "has 5 outputs, 2 labels and 3 hidden." in told(verdict, "passed")


def test_a_file_that_can_not_be_loaded(tmp_path: Path) -> None:
    (tmp_path / "w").write_bytes(b"nothing")
    verdict = check_model(foreign_card(), tmp_path / "w")
    assert not verdict.usable
    assert "can't be read as timm" in told(verdict, "failed")


@pytest.mark.parametrize("head", ["independent", "exclusive"])
def test_probabilities_instead_of_logits(head: str, tmp_path: Path) -> None:
    verdict = check_program(Net(sigmoid=True), tmp_path, head=head)
    assert not verdict.usable
    assert "they look like probabilities" in told(verdict, "failed")


class Noisy(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3)).repeat(1, 2) + torch.rand(2)


class Batchwise(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return (x - x.mean()).mean((2, 3)).repeat(1, 2) + 2 * x[:, 0, :2, 0]


class Constant(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return 2.0 + 0.0 * x.mean((2, 3)).repeat(1, 2)


class Infinite(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return (x.mean((2, 3)) + 1).log().repeat(1, 2)


class Stepwise(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return (10 * x).round().mean((2, 3)).repeat(1, 2)


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (Noisy(), "The same image twice gives different logits"),
        (Batchwise(), "An image alone and in a batch gives different logits"),
        (Constant(), "give logits that lie up to 0 apart"),
        (Infinite(), "infinite or not a number"),
    ],
)
def test_what_is_wrong_is_said(network: nn.Module, reason: str, tmp_path: Path) -> None:
    verdict = check_program(network, tmp_path)
    assert not verdict.usable
    assert reason in told(verdict, "failed")


def test_without_gradients_a_model_is_usable_for_some_methods(tmp_path: Path) -> None:
    verdict = check_program(Stepwise(), tmp_path)
    assert verdict.usable
    assert "Forward-only" in told(verdict, "note")


def test_a_program_without_feature_map(tmp_path: Path) -> None:
    verdict = check_program(Net(), tmp_path)
    assert verdict.usable
    assert "Grad-CAM can't be used" in told(verdict, "note")


EMPTY = (2).to_bytes(8, "little") + b"{}"  # safetensors without a tensor


def upload_of(card: ModelCard, tmp_path: Path) -> bytes:
    write_card(card, tmp_path / "card.toml")
    return (tmp_path / "card.toml").read_bytes()


def test_an_upload_gets_names_of_ours(tmp_path: Path) -> None:
    save_timm(foreign_card(), tmp_path / "w")
    given = upload_of(
        foreign_card(key="x", role="standard", sha256=hashlib.sha256((tmp_path / "w").read_bytes()).hexdigest()),
        tmp_path,
    )
    card, path = read_upload(given, (tmp_path / "w").read_bytes(), tmp_path / "private")
    assert card.role == "foreign"
    assert card.key.startswith("upload_")
    assert path == tmp_path / "private" / card.weights
    assert sorted(p.name for p in (tmp_path / "private").iterdir()) == [f"{card.key}.safetensors", f"{card.key}.toml"]
    assert read_card(tmp_path / "private" / f"{card.key}.toml") == card
    assert check_model(card, path).usable
    assert read_classifier(card, path).card == card


def test_an_upload_names_no_source_to_fetch_from(tmp_path: Path) -> None:
    given = upload_of(foreign_card(source="https://example.org/w"), tmp_path)
    assert read_upload(given, EMPTY, tmp_path / "private")[0].source == ""


def test_onnx_may_be_uploaded(tmp_path: Path) -> None:
    given = upload_of(foreign_card(format="onnx", weights="w.onnx"), tmp_path)
    card, path = read_upload(given, onnx_model(Net()).SerializeToString(), tmp_path / "private")
    assert onnx.load(path).graph.name == "net"
    assert check_model(card, path).usable


@pytest.mark.parametrize(("form", "name"), [("torchscript", "w.pt"), ("export", "w.pt2")])
def test_programs_may_not_be_uploaded(form: str, name: str, tmp_path: Path) -> None:
    given = upload_of(foreign_card(format=form, weights=name), tmp_path)
    with pytest.raises(ModelError, match="holds a program"):
        read_upload(given, b"", tmp_path / "private")
    assert not (tmp_path / "private").exists()


def test_uploads_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LimitExceeded, match="65,537 bytes are more than 65,536"):
        read_upload(b"#" * 65_537, b"", tmp_path)
    monkeypatch.setattr(checks, "WEIGHTS_BYTES", 10)
    with pytest.raises(LimitExceeded, match="Weights: 11 bytes"):
        read_upload(b"", b"12345678901", tmp_path)


def test_uploaded_weights_must_be_those_of_the_card(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="the card says 0000"):
        read_upload(upload_of(foreign_card(sha256="0" * 64), tmp_path), EMPTY, tmp_path / "private")


@pytest.mark.parametrize("content", [b"\xff", b"[", b"[" * 60_000, b"key = 'a'"])
def test_an_upload_that_is_no_card(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Uploaded card"):
        read_upload(content, b"", tmp_path / "private")


@pytest.mark.parametrize("content", [b"PK\x03\x04rest", pickle.dumps({}), pickle.dumps({}, protocol=2)])
def test_files_of_pytorch_are_not_opened(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds a program or a pickle.*save_file"):
        read_upload(upload_of(foreign_card(), tmp_path), content, tmp_path / "private")
    assert not (tmp_path / "private").exists()


@pytest.mark.parametrize(
    ("card", "content", "reason"),
    [
        (foreign_card(format="onnx", weights="w.onnx"), EMPTY, "are safetensors.* wants ONNX"),
        (foreign_card(), b"\x08\x08", "are no safetensors"),
        (foreign_card(), b"", "are no safetensors"),
    ],
)
def test_uploaded_weights_must_have_the_format_of_the_card(
    card: ModelCard, content: bytes, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=reason):
        read_upload(upload_of(card, tmp_path), content, tmp_path / "private")


def test_a_header_as_long_as_a_pickle_begins_is_no_pickle() -> None:
    check_uploaded_weights((0x0480).to_bytes(8, "little") + b"{" + bytes(0x0480))


def test_a_distance_is_checked(tmp_path: Path) -> None:
    card = replace(foreign_card(), scope=3.0)
    scope = {
        "scope.means": torch.zeros(1, 512),
        "scope.axes": torch.eye(2, 512),
        "scope.spread": torch.ones(2),
        "scope.rest": torch.tensor(1.0),
    }
    save_timm(card, tmp_path / "w", **scope)
    assert "The scope of its training data is known" in told(check_model(card, tmp_path / "w"), "passed")
