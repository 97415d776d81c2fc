"""Programs saved by torch.export (.pt2).

torch's own reader unpickles arbitrary objects where the archive asks for it: weights and constants marked use_pickle,
opaque constants, sample inputs, archives of older versions; and it runs compiled libraries. An archive that asks for
any of these is refused before that reader sees it. What is left is still a program: its graph becomes Python code, and
its symbolic sizes are evaluated. It is taken from people one trusts, and never from an upload.
"""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.export.pt2_archive import PT2ArchiveReader
from torch.export.pt2_archive._package import load_pt2  # torch.export.load falls back to older, pickled archives

from core.errors import ModelError
from core.values import ModelCard
from model_zoo.formats import Loaded
from model_zoo.formats._program import OneByOne, loaded_program

RECORDS = re.compile(
    r"archive_format|archive_version|byteorder|\.data/\w+|models/model\.json|data/sample_inputs/model\.pt"
    r"|data/weights/(weight_\d+|model_weights_config\.json)|data/constants/(tensor_\d+|model_constants_config\.json)"
)
REMEDY = "Save it anew with torch.export.save of this version of torch, or as ONNX."


class Exported(nn.Module):
    """An exported program: it runs in the mode in which it was exported."""

    def __init__(self, program: nn.Module) -> None:
        super().__init__()
        self.program = program

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.program(x)
        return logits

    def train(self, mode: bool = True) -> Exported:
        self.training = mode
        return self


def load(card: ModelCard, path: Path) -> Loaded:
    """The program at path, (N, planes, h, w) -> (N, outputs); raises ModelError."""
    content = path.read_bytes()
    _refuse_pickles(content, path)
    exported = load_pt2(io.BytesIO(content)).exported_programs["model"]
    program: nn.Module = Exported(exported.module())
    inputs = [node for node in exported.graph.nodes if node.name in exported.graph_signature.user_inputs]
    batch = inputs[0].meta["val"].shape[0]
    if batch == 1:
        program = OneByOne(program)
    elif isinstance(batch, int):
        raise ModelError(str(path), f"was exported for batches of {batch}", "Export it with a dynamic batch, or for 1.")
    return loaded_program(card, program)


def _refuse_pickles(content: bytes, path: Path) -> None:
    archive = PT2ArchiveReader(io.BytesIO(content))  # the same reader that load_pt2 uses
    strange = [name for name in archive.get_file_names() if not RECORDS.fullmatch(name)]
    if strange:
        raise ModelError(str(path), f"holds {strange[0]!r}, which is neither weights nor graph", REMEDY)
    for kind, prefix in (("weights", "weight_"), ("constants", "tensor_")):
        table = json.loads(archive.read_string(f"data/{kind}/model_{kind}_config.json"))
        for name, record in table["config"].items():
            if record["use_pickle"] is not False or not record["path_name"].startswith(prefix):
                raise ModelError(str(path), f"holds {name!r} as a pickle, which could run any code", REMEDY)
    # torch tries this too, and only where it fails reads them as an unrestricted pickle.
    torch.load(io.BytesIO(archive.read_bytes("data/sample_inputs/model.pt")), weights_only=True)
