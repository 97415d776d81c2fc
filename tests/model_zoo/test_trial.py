"""An uploaded model is tried out in a process of its own, which may break down, hang or be stopped."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from core.errors import Cancelled
from core.values import ModelCard
from model_zoo import trial
from model_zoo.checks import Verdict, read_upload
from model_zoo.trial import try_out
from tests.foreign import check_model, foreign_card, save_timm
from tests.model_zoo.test_checks import told, upload_of

pytestmark = pytest.mark.slow


@pytest.fixture
def uploaded(tmp_path: Path) -> tuple[ModelCard, Path]:
    """A small model with random weights."""
    card = foreign_card(architecture="test_efficientnet")
    save_timm(card, tmp_path / "w")
    return read_upload(upload_of(card, tmp_path), (tmp_path / "w").read_bytes(), tmp_path / "private")


def verdict(uploaded: tuple[ModelCard, Path], shares: list[float] | None = None) -> Verdict:
    report = [].append if shares is None else shares.append
    return try_out(*uploaded, report, threading.Event())


def test_the_verdict_is_that_of_the_check(uploaded: tuple[ModelCard, Path]) -> None:
    shares: list[float] = []
    found = verdict(uploaded, shares)
    assert found.usable
    outcomes = [line.outcome for line in found.lines]
    assert outcomes == [line.outcome for line in check_model(*uploaded).lines]
    assert shares == sorted(shares)
    assert max(shares) < 1


def test_a_file_that_was_cut_off_is_said_without_names_of_ours(uploaded: tuple[ModelCard, Path]) -> None:
    card, path = uploaded
    path.write_bytes(path.read_bytes()[:-100])
    (line,) = verdict(uploaded).lines
    assert line.outcome == "failed"
    assert line.sentence.startswith("Weights of your model: the file can't be read as timm")
    assert "Upload the whole file that belongs to this card" in line.sentence
    assert not {card.key, str(path.parent)} & set(line.sentence.split())


def test_what_takes_too_long_is_ended(uploaded: tuple[ModelCard, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "SECONDS", 0.2)
    found = verdict(uploaded)
    assert not found.usable
    assert "takes more than 0.2 seconds" in told(found, "failed")


def test_a_process_that_breaks_down_is_a_failure(uploaded: tuple[ModelCard, Path]) -> None:
    card, path = uploaded
    path.with_suffix(".toml").unlink()
    assert "broke down" in told(verdict((card, path)), "failed")


def test_cancel_ends_the_process(uploaded: tuple[ModelCard, Path]) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        try_out(*uploaded, [].append, cancel)
