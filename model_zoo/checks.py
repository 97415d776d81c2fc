"""Is a model from elsewhere what its card says? Tried out before it is offered, and told in sentences."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from core.classifier import Classifier
from core.errors import LimitExceeded, ModelError
from core.values import ModelCard
from model_zoo.architectures import Network
from model_zoo.cards import parse_card, read_card, write_card
from model_zoo.formats import SUFFIXES, UPLOADABLE
from model_zoo.loading import UPLOAD, classifier, file_digest, read_network

CARD_BYTES = 64 << 10
WEIGHTS_BYTES = 512 << 20
WEIGHTS = "Uploaded weights"
TORCH_FILES = (b"PK", *(bytes([0x80, protocol]) for protocol in range(2, 6)))  # archives, and pickles by themselves
NOT_RUN = "holds a program or a pickle, and neither is run when it comes from a browser"
WAY_OUT = (
    "Save the weights alone with safetensors.torch.save_file, or export the network to ONNX; TorchScript and .pt2 can "
    "be put into the folder of models by whoever runs this installation."
)

REPEATABLE = 1e-5  # differences between logits, relative to the largest of them (absolute below 1)
ALIKE = 1e-3
LEAST_SPREAD = 1e-6  # of a network that looks at its input
EXTREME = 1000.0  # times the input: logits grow with it, probabilities do not


@dataclass(frozen=True)
class Line:
    """One thing that was tried; a note is neither good nor bad."""

    outcome: Literal["passed", "failed", "note"]
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """What was tried, in order; a model that failed anything is not offered."""

    lines: tuple[Line, ...]

    @property
    def usable(self) -> bool:
        """Whether nothing failed."""
        return all(line.outcome != "failed" for line in self.lines)


def check_lines(card: ModelCard, path: Path) -> Iterator[Line]:
    """Loads the weights at path and tries the model out: the lines of its verdict, each as soon as it is known.

    Raises nothing: a file that can't be loaded, or fails when it is run, gets a line too.
    """
    try:
        loaded = read_network(card, path)
        yield _identity(card, path)
        for note in loaded.notes:
            yield Line("note", note)
        yield from _tried(classifier(card, loaded), loaded.network)
    except ModelError as error:
        yield Line("failed", str(error))
    except Exception as error:  # noqa: BLE001 - a foreign program may fail in any way when it is run
        yield Line("failed", f"The network fails when it is run ({type(error).__name__}: {error}).")


def read_upload(card_bytes: bytes, weights_bytes: bytes, folder: Path) -> tuple[ModelCard, Path]:
    """What somebody uploaded -> its card, as a foreign model under a key of ours, and where its weights lie now.

    Both are written into folder, under names of ours. Raises LimitExceeded where there is too much of either, and
    ModelError for a card that can't be used, or a format that holds a program.
    """
    check_uploaded_weights(weights_bytes)
    given = uploaded_card(card_bytes)
    check_uploaded_weights(weights_bytes, given)
    digest = hashlib.sha256(weights_bytes).hexdigest()
    if given.sha256 and given.sha256 != digest:
        reason = f"have sha256 {digest}, the card says {given.sha256}"
        raise ModelError(WEIGHTS, reason, "Upload the file that belongs to this card.")
    key = f"{UPLOAD}{hashlib.sha256(card_bytes + digest.encode()).hexdigest()[:16]}"
    card = dataclasses.replace(
        given, key=key, role="foreign", twin="", weights=f"{key}{SUFFIXES[given.format]}", source=""
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / card.weights).write_bytes(weights_bytes)
    write_card(card, folder / f"{key}.toml")
    return read_card(folder / f"{key}.toml"), folder / card.weights


def uploaded_card(card_bytes: bytes) -> ModelCard:
    """The card that somebody uploaded, as it was given; raises LimitExceeded or ModelError."""
    _check_size("Card", card_bytes, CARD_BYTES)
    try:
        text = card_bytes.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ModelError("Uploaded card", f"is no text in UTF-8 ({error})", "Upload a TOML file.") from None
    card = parse_card(text, "Uploaded card")
    if card.format not in UPLOADABLE:
        raise ModelError("Uploaded card: format", f"{card.format!r} {NOT_RUN}", WAY_OUT)
    return card


def check_uploaded_weights(weights_bytes: bytes, card: ModelCard | None = None) -> None:
    """Raise LimitExceeded or ModelError where the first bytes show that this is not to be opened, or not what the card
    says; the file itself is not read."""
    _check_size("Weights", weights_bytes, WEIGHTS_BYTES)
    safetensors = weights_bytes[8:9] == b"{" and int.from_bytes(weights_bytes[:8], "little") <= len(weights_bytes)
    if weights_bytes.startswith(TORCH_FILES) and not safetensors:
        raise ModelError(WEIGHTS, f"are a file of PyTorch (.pt, .pth, .pt2, .bin), which {NOT_RUN}", WAY_OUT)
    if card is not None and safetensors != (card.format == "timm"):
        found, wanted = ("are", "ONNX") if safetensors else ("are no", "safetensors")
        reason = f"{found} safetensors, the card has the format {card.format!r}, which wants {wanted}"
        raise ModelError(WEIGHTS, reason, "Upload the other file, or correct the card.")


def _check_size(what: str, content: bytes, most: int) -> None:
    if len(content) > most:
        raise LimitExceeded(what, f"{len(content):,} bytes are more than {most:,}", "Upload a smaller file.")


def _identity(card: ModelCard, path: Path) -> Line:
    if card.sha256:
        return Line("passed", "The file is the one that the card names by its sha256.")
    taken = "so any file of this name would be taken for the model"
    return Line("note", f"The card names no sha256, {taken}; this one has {file_digest(path)}.")


def _tried(model: Classifier, network: Network) -> Iterator[Line]:
    spec, card = model.card.input, model.card
    x = torch.rand(6, spec.channels, spec.size, spec.size, generator=torch.Generator().manual_seed(0))
    x[0], x[1], x[2] = 0, 1, x[2] * torch.linspace(0, 1, spec.size)
    with torch.inference_mode():
        z = model(x)
        again = model(x)
        alone = torch.cat([model(image) for image in torch.split(x, 1)])
        prepared = network.prepared(x)
        raw = torch.cat([network.backbone(prepared), network.backbone(prepared * EXTREME)])
    hidden = f" and {len(card.hidden)} hidden" if card.hidden else ""
    takes = f"{spec.channels} x {spec.size} x {spec.size} pixels in [0, 1]"
    yield Line("passed", f"Takes {takes}; has {raw.shape[1]} outputs, {len(card.labels)} labels{hidden}.")
    if not z.isfinite().all():
        yield Line("failed", "Some logits for black, white or noise are infinite or not a number.")
        return
    yield Line("passed", f"All logits for black, white and noise are finite, from {z.min():.3g} to {z.max():.3g}.")
    yield _alike(again, z, REPEATABLE, "The same image twice gives", "It must be exported in evaluation mode.")
    yield _alike(alone, z, ALIKE, "An image alone and in a batch gives", "Batch statistics must be frozen.")
    spread = float((z - z[:1]).abs().max())
    yield _line(spread > LEAST_SPREAD, f"Black, white and noise give logits that lie up to {spread:.2g} apart.")
    if ((raw >= 0) & (raw <= 1)).all():  # as sigmoid and softmax do
        yield Line(
            "failed",
            "The outputs stay between 0 and 1 even for extreme input, so they look like probabilities. Attacks and "
            "maps need the logits: export the network without its last sigmoid or softmax.",
        )
    else:
        yield Line("passed", "The outputs are logits, not probabilities.")
    yield from _offered(model, x[-1:])


def _offered(model: Classifier, x: Tensor) -> Iterator[Line]:
    if not model.differentiable:
        yield Line("note", "Forward-only: methods that need gradients can't be used, black-box methods can.")
        return
    x = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(x).sum(), x)
    largest = float(gradient.abs().max())
    yield _line(0 < largest < math.inf, f"The gradient of the logits reaches {largest:.2g} for one pixel value.")
    if model.cam_layer is None:
        yield Line("note", "No convolutional feature map to read: Grad-CAM can't be used, other gradient methods can.")
    else:
        yield Line("passed", "The last convolutional feature map can be read, for Grad-CAM.")
    if model.distance is not None:
        far = float(model.distance(x.detach()))
        yield _line(math.isfinite(far), f"The scope of its training data is known: noise is {far:.2g} away.")


def _line(good: bool, sentence: str) -> Line:
    return Line("passed" if good else "failed", sentence)


def _alike(one: Tensor, other: Tensor, most: float, what: str, otherwise: str) -> Line:
    found = float((one - other).abs().max() / other.abs().max().clamp_min(1))
    if found <= most:
        return Line("passed", f"{what} the same logits (largest relative difference {found:.1g}).")
    return Line("failed", f"{what} different logits (by {found:.1g}, allowed is {most:g}). {otherwise}")
