"""The small networks that take back what was done to a picture, as they are shipped.

assets/denoisers/KEY.safetensors holds the weights of one, in float16; KEY.json says for which weights of the model it
was trained, how, and what it made of validation pictures. Both are written by `python -m model_zoo.denoise`. A denoiser
has learned from the gradients and the answers of one model: a twin or a surrogate, whose gradients are others, has none
unless one was trained for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.nn import functional

from core.values import InputSpec, ModelCard, Score
from model_zoo.shipped import Record, Shipped

CHANGES = ("gaussian", "uniform", "none", "gradient")  # of the pictures that it learns from, and is measured on
ENLARGED = 16  # brings a change of some gray levels near to one
FOLDER = Path(__file__).resolve().parent.parent / "assets" / "denoisers"
SHIPPED = Shipped("a denoiser", "python -m model_zoo.denoise")


@dataclass(frozen=True)
class Distance:
    """How far pictures are from the clean ones: means of the absolute differences of pixels (/255), and of logits."""

    pixels: Score
    logits: Score


@dataclass(frozen=True)
class Cleaned:
    """Pictures after a change, one of CHANGES, and behind the denoiser."""

    change: str
    before: Distance
    after: Distance


class Denoiser(nn.Module):
    """(N, C, h, w) in [0, 1] -> the same, plus a correction that is zero outside of what a model of this input sees.

    A U-Net (arXiv:1505.04597) on cells of 2 x 2 pixels, halved twice; h and w are multiples of 8. Beside the picture it
    is shown its detail, what differs from the mean of 3 x 3 pixels, enlarged; it answers with a correction, and with
    how much of the detail is added, or taken away. No image touches another. Untrained, it corrects nothing.
    """

    visible: Tensor

    def __init__(self, spec: InputSpec) -> None:
        super().__init__()
        self.register_buffer("visible", torch.from_numpy(spec.visible.astype(np.float32)), persistent=False)
        self.fine = nn.Sequential(nn.PixelUnshuffle(2), _convolution(8 * spec.channels, 16), nn.ReLU())
        self.middle = nn.Sequential(_convolution(16, 32, stride=2), nn.ReLU(), _convolution(32, 32), nn.ReLU())
        self.coarse = nn.Sequential(
            _convolution(32, 48, stride=2), nn.ReLU(), _convolution(48, 48), nn.ReLU(), *_twice_as_fine(48, 32)
        )
        self.from_middle = nn.Sequential(_convolution(32, 32), nn.ReLU(), *_twice_as_fine(32, 16))
        last = _convolution(16, 8 * spec.channels)
        for parameter in last.parameters():
            nn.init.zeros_(parameter)
        self.correction = nn.Sequential(_convolution(16, 16), nn.ReLU(), last, nn.PixelShuffle(2))

    def forward(self, x: Tensor) -> Tensor:
        seen = x * self.visible
        detail = seen - functional.avg_pool2d(seen, 3, stride=1, padding=1, count_include_pad=False)
        fine = self.fine(torch.cat([seen, ENLARGED * detail], dim=1))  # (N, 16, h / 2, w / 2)
        middle = self.middle(fine)  # (N, 32, h / 4, w / 4)
        middle = middle + self.coarse(middle)
        correction, share = self.correction(fine + self.from_middle(middle)).chunk(2, dim=1)  # (N, C, h, w) each
        restored: Tensor = x + (correction / ENLARGED + share * detail) * self.visible
        return restored.clamp(0, 1)


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1)


def _twice_as_fine(inputs: int, outputs: int) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(inputs, 4 * outputs, 1), nn.PixelShuffle(2)


def denoiser_of(card: ModelCard, folder: Path | None = None) -> Callable[[], Denoiser] | None:
    """For Classifier.denoiser: a function that loads the denoiser, frozen, and raises ModelError where it is damaged;
    None where there is none for these weights."""
    return SHIPPED.loader(card, folder or FOLDER, partial(_read, card))


def cleaned_by(card: ModelCard, folder: Path | None = None) -> tuple[Cleaned, ...]:
    """What was measured of the denoiser; nothing where there is none for these weights. Raises ModelError where the
    record is damaged."""
    return SHIPPED.record(card, folder or FOLDER, _cleaned) or ()


def write_denoiser(card: ModelCard, denoiser: Denoiser, made: Mapping[str, Any], folder: Path) -> None:
    """Write a denoiser of the model with this card, trained on a part of its data, with what is known of it. Raises
    InputError where it can't."""
    data = save({name: tensor.half().contiguous() for name, tensor in denoiser.state_dict().items()})
    training = [f"{source.name} ({source.license})" for source in card.training]
    SHIPPED.write(card, folder, data, {"training": training, **made})


def _read(card: ModelCard, data: bytes) -> Denoiser:
    denoiser = Denoiser(card.input)
    denoiser.load_state_dict(load(data))
    return denoiser.eval().requires_grad_(False)


def _cleaned(record: Record) -> tuple[Cleaned, ...]:
    def score(kept: Mapping[str, Any]) -> Score:
        low, high = kept["interval"]
        return Score(float(kept["value"]), "", "lower", (float(low), float(high)), int(record["n"]))

    def distance(kept: Mapping[str, Any]) -> Distance:
        return Distance(score(kept["pixels_255"]), score(kept["logits"]))

    kept = record["validation"]
    return tuple(Cleaned(each, distance(kept[each]["changed"]), distance(kept[each]["cleaned"])) for each in CHANGES)
