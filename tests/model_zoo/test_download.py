"""Weights arrive whole and verified, or nothing is left behind and a sentence says what to do."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.errors import Cancelled, ModelError
from model_zoo import download
from model_zoo.cards import write_card
from model_zoo.download import fetch
from model_zoo.loading import load_classifier
from tests.foreign import foreign_card, save_timm

CONTENT = bytes(range(256)) * 4096


class Hub(BaseHTTPRequestHandler):
    """A hub with a few repositories."""

    files: dict[str, bytes] = {}  # noqa: RUF012 - shared by all requests on purpose

    def do_GET(self) -> None:
        if self.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()
        elif self.path in self.files:
            content = self.files[self.path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(content) + (100 if "/short/" in self.path else 0)))
            self.end_headers()
            self.wfile.write(content)
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(download, "HUB", address)
    repositories = ("/owner/name", "/short/name")
    monkeypatch.setattr(Hub, "files", {f"{r}/resolve/main/elsewhere.safetensors": CONTENT for r in repositories})
    yield address
    server.shutdown()
    thread.join()
    server.server_close()


def test_weights_are_fetched_with_progress(hub: str, models: Path) -> None:
    shares: list[float] = []
    digest = hashlib.sha256(CONTENT).hexdigest()
    path = fetch(foreign_card(source="hf-hub:owner/name", sha256=digest), shares.append)
    assert path == models / "elsewhere.safetensors"
    assert path.read_bytes() == CONTENT
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert [*models.iterdir()] == [path]


def test_a_file_may_have_another_name_on_the_hub(hub: str, models: Path) -> None:
    Hub.files["/timm/resnet18.a1_in1k/resolve/main/model.safetensors"] = b"weights"
    path = fetch(foreign_card(source="hf-hub:timm/resnet18.a1_in1k/model.safetensors"))
    assert (path.name, path.read_bytes()) == ("elsewhere.safetensors", b"weights")


def test_missing_weights_are_fetched_when_a_model_is_loaded(hub: str, models: Path, tmp_path: Path) -> None:
    card = foreign_card(source="hf-hub:owner/name")
    save_timm(card, tmp_path / "w")
    Hub.files["/owner/name/resolve/main/elsewhere.safetensors"] = (tmp_path / "w").read_bytes()
    write_card(card, models / "elsewhere.toml")
    shares: list[float] = []
    assert load_classifier("elsewhere", shares.append).card == card
    assert shares[-1] == 1
    assert (models / "elsewhere.safetensors").is_file()


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("hf-hub:owner/gone", "404"),
        ("hf-hub:short/name", "the connection ended after"),
        ("hf-hub:moved/name", "http://127.0.0.1:9/elsewhere is no https address"),
        ("http://example.org/w.safetensors", "is no https address"),
        ("file:///etc/passwd", "is no https address"),
        ("", "the card names no source"),
    ],
)
def test_what_can_not_be_had(source: str, reason: str, hub: str, models: Path) -> None:
    with pytest.raises(ModelError, match=reason) as refusal:
        fetch(foreign_card(source=source))
    assert "elsewhere.safetensors" in refusal.value.remedy
    assert str(models) in refusal.value.remedy
    assert not [*models.iterdir()]


def test_offline(monkeypatch: pytest.MonkeyPatch, models: Path) -> None:
    monkeypatch.setattr(download, "HUB", "http://127.0.0.1:9")  # nothing listens there
    with pytest.raises(ModelError, match="can't be fetched from") as refusal:
        fetch(foreign_card(source="hf-hub:owner/name"))
    assert f"put it, named elsewhere.safetensors, into {models}" in refusal.value.remedy


def test_another_file_than_the_card_names(hub: str, models: Path) -> None:
    with pytest.raises(ModelError, match="the card says 0000"):
        fetch(foreign_card(source="hf-hub:owner/name", sha256="0" * 64))
    assert not [*models.iterdir()]


def test_a_file_that_is_too_large(hub: str, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "MOST_BYTES", 1000)
    with pytest.raises(ModelError, match="larger than 1,000 bytes"):
        fetch(foreign_card(source="hf-hub:owner/name"))
    assert not [*models.iterdir()]


def test_cancel(hub: str, models: Path) -> None:
    cancel = threading.Event()
    with pytest.raises(Cancelled):
        fetch(foreign_card(source="hf-hub:owner/name"), lambda share: cancel.set(), cancel)
    assert not [*models.iterdir()]
