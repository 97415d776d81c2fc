"""TorchScript archives.

Their pickles are read by a C++ reader that knows tensors and the archive's own classes only, so that reading one calls
no Python. But an archive is a program: run, it may call every operator that torch registers, those that read and write
files among them. It is taken from people one trusts, and never from an upload.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import torch

from core.values import ModelCard
from model_zoo.formats import Loaded
from model_zoo.formats._program import loaded_program


def load(card: ModelCard, path: Path) -> Loaded:
    """The program at path, (N, planes, h, w) -> (N, outputs), in evaluation mode; raises RuntimeError, ModelError."""
    with warnings.catch_warnings():
        # Deprecated in favor of torch.export, but it is what people have.
        warnings.filterwarnings("ignore", "`torch.jit.load`", FutureWarning)
        program = torch.jit.load(path, map_location="cpu")  # type: ignore[no-untyped-call]
    for parameter in program.parameters():
        parameter.requires_grad_(False)
    return loaded_program(card, program.float().eval())
