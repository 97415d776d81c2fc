"""What comes out of load_classifier is frozen, the same each time, and never a damaged file."""

from __future__ import annotations

import dataclasses
import hashlib
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from core.classifier import Classifier
from core.errors import Cancelled, ModelError
from core.values import ModelCard
from model_zoo import loading
from model_zoo.cards import load_card, write_card
from model_zoo.loading import WEIGHTS, load_classifier, read_classifier
from tests.foreign import foreign_card, save_timm

KEYS = ("cxr_pneumonia", "dermoscopy_melanoma", "fundus_referable_dr")
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("key", KEYS)
def test_loaded_once_frozen_and_for_inference(key: str) -> None:
    model = load_classifier(key)
    assert load_classifier(key) is model
    assert not model.network.training
    assert all(not p.requires_grad and p.dtype == torch.float32 for p in model.network.parameters())
    assert model.cam_layer in model.network.modules()
    assert model.offers >= {"gradient", "feature map", "module tree", "feature distance"}


@pytest.mark.parametrize("key", KEYS)
def test_the_same_answer_alone_in_a_batch_and_again(key: str) -> None:
    model = load_classifier(key)
    spec = model.card.input
    x = torch.rand(4, spec.channels, spec.size, spec.size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        batch = model(x)
        assert torch.equal(batch, model(x))
        torch.testing.assert_close(torch.cat([model(x[i : i + 1]) for i in range(4)]), batch, atol=1e-4, rtol=1e-4)


def test_a_foreign_model_is_loaded_from_beside_its_card_and_anew_when_the_card_changes(models: Path) -> None:
    card = foreign_card()
    save_timm(card, models / card.weights)
    write_card(card, models / "elsewhere.toml")
    first = load_classifier("elsewhere")
    assert load_classifier("elsewhere") is first
    assert first.card == card
    (models / "elsewhere.toml").unlink()
    write_card(dataclasses.replace(card, temperature=2.0), models / "elsewhere.toml")
    assert load_classifier("elsewhere").card.temperature == 2.0


def test_two_models_load_at_once_and_each_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=20)
    read: list[str] = []

    def slow(card: ModelCard, path: Path) -> Classifier:
        both.wait()  # passes only where both models are being loaded at the same time
        read.append(card.key)
        return Classifier(card, torch.nn.Identity(), None)

    monkeypatch.setattr(loading, "_loaded", {})
    monkeypatch.setattr(loading, "read_classifier", slow)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(load_classifier, [*KEYS[:2]] * 3))
    assert sorted(read) == sorted(KEYS[:2])
    assert len({id(model) for model in found}) == 2


def test_missing_weights(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"does not exist.*make train"):
        read_classifier(load_card("cxr_pneumonia"), tmp_path / "gone.safetensors")


def test_missing_weights_of_a_foreign_model_say_which_file_to_put_where(models: Path) -> None:
    with pytest.raises(ModelError, match="does not exist") as refusal:
        read_classifier(foreign_card(), models / "elsewhere.safetensors")
    assert f"Put the file elsewhere.safetensors that belongs to this card into {models}" in refusal.value.remedy


def test_damaged_weights(tmp_path: Path) -> None:
    card = load_card("cxr_pneumonia")
    damaged = bytearray((WEIGHTS / card.weights).read_bytes())
    damaged[-1] ^= 1
    (tmp_path / card.weights).write_bytes(damaged)
    with pytest.raises(ModelError, match="the card says"):
        read_classifier(card, tmp_path / card.weights)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"no tensors at all", "can't be read as timm"), (save({"other": torch.zeros(2)}), "the file lacks conv_stem")],
)
def test_weights_that_are_no_network(tmp_path: Path, content: bytes, reason: str) -> None:
    card = dataclasses.replace(load_card("cxr_pneumonia"), sha256=hashlib.sha256(content).hexdigest())
    (tmp_path / card.weights).write_bytes(content)
    with pytest.raises(ModelError, match=reason):
        read_classifier(card, tmp_path / card.weights)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc, which Linux has")
def test_all_bundled_models_fit_into_memory_and_load_in_a_second() -> None:
    script = (
        "import pathlib, re, time\n"
        "from model_zoo.cards import cards\n"
        "from model_zoo.loading import load_classifier, read_classifier, weights_path\n"
        "ours = [card for card in cards() if card.role != 'foreign']\n"
        "models = [load_classifier(card.key) for card in ours]\n"
        "started = time.process_time()\n"
        "read_classifier(ours[0], weights_path(ours[0]))\n"
        "seconds = time.process_time() - started\n"
        "peak = re.search(r'VmHWM:\\s+(\\d+) kB', pathlib.Path('/proc/self/status').read_text())\n"
        "print(1024 * int(peak[1]), seconds)\n"
    )
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    peak, seconds = printed.stdout.split()
    assert int(peak) < 1.5e9
    assert float(seconds) < 2  # of processor; under one on an idle machine


def test_who_waits_for_a_fetch_of_somebody_else_reports_and_can_cancel(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = foreign_card(key="afar", source="https://example.org/weights")
    save_timm(card, models / "weights of afar")
    write_card(card, models / "afar.toml")
    fetching, reported, canceled = threading.Event(), threading.Event(), threading.Event()

    def fetch(*_: object) -> Path:
        fetching.set()
        assert reported.wait(60)
        return models / "weights of afar"

    def give_up(share: float) -> None:
        canceled.set()

    monkeypatch.setattr(loading, "fetch", fetch)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(load_classifier, "afar")
        assert fetching.wait(60)
        with pytest.raises(Cancelled):
            load_classifier("afar", give_up, canceled)
        second = pool.submit(load_classifier, "afar", lambda share: reported.set())
        assert second.result(60) is first.result(60)
