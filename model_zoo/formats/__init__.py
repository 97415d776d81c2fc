"""From a weights file to a network: one file per format, named like it, imported when a model of that format is loaded.

None of them runs a pickle. Files of the formats in UPLOADABLE hold numbers and a fixed set of operations; the others
hold a program as well, and are taken only from the folder that whoever runs Second Look fills.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.values import Format, ModelCard

if TYPE_CHECKING:  # what may be uploaded is known before torch is there
    from pathlib import Path

    from torch import nn

    from model_zoo.architectures import Network
    from model_zoo.scope import Scope

SUFFIXES: Mapping[Format, str] = {"timm": ".safetensors", "torchscript": ".pt", "export": ".pt2", "onnx": ".onnx"}
UPLOADABLE: frozenset[Format] = frozenset({"timm", "onnx"})


@dataclass(frozen=True, eq=False)
class Loaded:
    """A network with its head: what is needed for a Classifier; notes say what reading did, one sentence each."""

    network: Network
    cam_layer: nn.Module | None = None
    differentiable: bool = True
    scope: Scope | None = None
    notes: tuple[str, ...] = ()


def load(card: ModelCard, path: Path) -> Loaded:
    """The network in the file at path; raises ModelError, and whatever the reader raises for a damaged file."""
    loaded: Loaded = importlib.import_module(f"{__name__}.{card.format}").load(card, path)
    return loaded
