"""From a key to a classifier that is ready: card checked, weights checked, frozen, loaded once per process."""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

from torch import Tensor

from core.classifier import Classifier
from core.errors import Cancelled, ModelError, SecondLookError, UnknownName
from core.progress import Report
from core.values import ModelCard
from model_zoo import formats
from model_zoo.architectures import TimmNetwork
from model_zoo.cards import REMEDY, load_card, models_folder
from model_zoo.denoisers import denoiser_of
from model_zoo.download import fetch
from model_zoo.formats import Loaded
from model_zoo.forward_only import ForwardOnly
from model_zoo.random_labels import random_labels_of
from model_zoo.universal import universal_of

UPLOAD = "upload_"  # begins the keys of models that came from a browser and lie in no folder of ours
WEIGHTS = Path(__file__).resolve().parent.parent / "assets" / "weights"
POLL_SECONDS = 0.1

_guard = threading.Lock()
_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
_loaded: dict[str, Classifier] = {}


def load_classifier(key: str, report: Report | None = None, cancel: threading.Event | None = None) -> Classifier:
    """The classifier of this key, the same object at every call until its card changes.

    Weights that are missing are fetched from the source that the card names; report and cancel are those of fetch(),
    and report is also called while another thread fetches them. Raises UnknownName, ModelError, or Cancelled.
    """
    card = load_card(key)
    with _guard:
        lock = _locks[key]
    while not lock.acquire(timeout=POLL_SECONDS):
        if report is not None:
            report(0.0)
        if cancel is not None and cancel.is_set():
            raise Cancelled
    try:
        found = _loaded.get(key)
        if found is None or found.card != card:
            path = weights_path(card)
            if not path.is_file() and card.source:
                path = fetch(card, report, cancel)
            found = _loaded[key] = read_classifier(card, path)
        return found
    finally:
        lock.release()


def weights_path(card: ModelCard) -> Path:
    """Where the weights of a card lie, or would: ours in WEIGHTS, foreign ones beside their cards."""
    return (models_folder() if card.role == "foreign" else WEIGHTS) / card.weights


def read_classifier(card: ModelCard, path: Path) -> Classifier:
    """The classifier of a card with the weights at path, in float32, frozen, for inference.

    Raises ModelError where the file is missing, is not the one the card names by its sha256, or does not fit.
    """
    return classifier(card, read_network(card, path))


def read_network(card: ModelCard, path: Path) -> Loaded:
    """The network of a card with the weights at path; raises ModelError, see read_classifier."""
    if not path.is_file():
        raise ModelError(f"Weights of {card.key}", f"{path} does not exist", _remedy(card))
    digest = file_digest(path)
    if card.sha256 and digest != card.sha256:
        reason = f"{path} has sha256 {digest}, the card says {card.sha256}"
        raise ModelError(f"Weights of {card.key}", reason, _remedy(card))
    try:
        return formats.load(card, path)
    except SecondLookError:
        raise
    except Exception as error:  # noqa: BLE001 - damaged and foreign files make their readers fail in any way
        reason = f"{path} can't be read as {card.format}, or run ({type(error).__name__}: {error})"
        raise ModelError(f"Weights of {card.key}", reason, _remedy(card)) from None


def classifier(card: ModelCard, loaded: Loaded) -> Classifier:
    """A network with its card, frozen, for inference."""
    network, scope, lock = loaded.network, loaded.scope, threading.Lock()
    network.eval()
    for parameter in network.parameters():
        parameter.requires_grad_(False)

    def distance(x: Tensor) -> Tensor:
        assert scope is not None
        assert isinstance(network, TimmNetwork)
        distances: Tensor = scope(network.embed(x))
        return distances

    return Classifier(
        card,
        network,
        loaded.cam_layer,
        lock=lock,
        differentiable=loaded.differentiable,
        distance=distance if scope is not None else None,
        surrogate=_surrogate_of(card),
        universal=universal_of(card),
        denoiser=denoiser_of(card),
        random_labels=_random_labels_of(card),
        forward_only=ForwardOnly(network, lock) if card.role != "foreign" else None,
    )


def _surrogate_of(card: ModelCard) -> Callable[[], Classifier] | None:
    """Loads the surrogate of this task, which serves the twins of its model too; None where there is none, or it sees
    or answers something else."""
    try:
        other = load_card(f"{card.twin or card.key}_surrogate")
    except UnknownName:
        return None
    fits = other.role == "surrogate" and (other.input, other.labels) == (card.input, card.labels)
    return (lambda: load_classifier(other.key)) if fits and other.key != card.key else None


def _random_labels_of(card: ModelCard) -> Callable[[], Classifier] | None:
    """Loads the double of a model that learned random labels, and keeps it; None where these weights have none."""
    load = random_labels_of(card)
    return None if load is None else cache(lambda: classifier(replace(card, sha256="", results={}), load()))


def file_digest(path: Path) -> str:
    """The sha256 of a file, as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _remedy(card: ModelCard) -> str:
    if card.role != "foreign":
        return REMEDY
    if card.key.startswith(UPLOAD):
        return "Upload the whole file that belongs to this card, or correct the card (channels, planes, size)."
    where = f" (from {card.source})" if card.source else ""
    return f"Put the file {card.weights}{where} that belongs to this card into {models_folder()}."
