"""From a key to a classifier that is ready: card checked, weights checked, frozen, loaded once per process."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load

from core.classifier import Classifier
from core.errors import ModelError
from core.values import ModelCard
from model_zoo.architectures import Network, build
from model_zoo.cards import REMEDY, load_card

WEIGHTS = Path(__file__).resolve().parent.parent / "assets" / "weights"

_lock = threading.Lock()
_loaded: dict[str, Classifier] = {}


def load_classifier(key: str) -> Classifier:
    """The classifier of this key, the same object at every call; raises UnknownName or ModelError."""
    with _lock:
        if key not in _loaded:
            card = load_card(key)
            network = load_network(card, WEIGHTS / card.weights)
            _loaded[key] = Classifier(card, network, network.cam_layer)
        return _loaded[key]


def load_network(card: ModelCard, path: Path) -> Network:
    """The network of a card with the weights at path, in float32, frozen, for inference.

    Raises ModelError where the file is missing, is not the one the card names by its sha256, or does not fit.
    """
    if not path.is_file():
        raise ModelError(f"Weights of {card.key}", f"{path} does not exist", REMEDY)
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != card.sha256:
        raise ModelError(f"Weights of {card.key}", f"{path} has sha256 {digest}, the card says {card.sha256}", REMEDY)
    network = build(card.architecture, card.input, len(card.labels))
    try:
        state = {
            name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in load(content).items()
        }
        network.load_state_dict(state)
    except (SafetensorError, RuntimeError) as error:
        raise ModelError(
            f"Weights of {card.key}", f"{path} does not fit {card.architecture} ({error})", REMEDY
        ) from None
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
