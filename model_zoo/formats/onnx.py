"""ONNX files: a graph of operators with a fixed meaning, and its numbers. Nothing in them is run as Python.

onnx2torch turns the graph into a torch network, through which gradients flow; it generates Python from the names of the
nodes, so they are replaced by ours. A conversion counts only where it agrees with onnxruntime. Where there is none
(onnx2torch knows the operators up to about opset 17), onnxruntime computes the logits, and methods that need gradients
can't be used.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import onnx
import onnx2torch
import onnxruntime
import torch
from google.protobuf.message import Message
from torch import Tensor, nn

from core.errors import ModelError
from core.values import ModelCard
from model_zoo.formats import Loaded
from model_zoo.formats._program import OneByOne, loaded_program

DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
AGREEMENT = 1e-3  # largest difference to onnxruntime, relative to the largest logit (absolute below 1)
REMEDY = "Export it anew as one file, with one input (N, C, h, w) of float32 and the logits as the only output."


class Session(nn.Module):
    """A graph run by onnxruntime, without gradients."""

    def __init__(self, model: onnx.ModelProto) -> None:
        super().__init__()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = torch.get_num_threads(), 3
        providers = ["CPUExecutionProvider"]
        self.session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers)
        self.input = self.session.get_inputs()[0].name

    def forward(self, x: Tensor) -> Tensor:
        return torch.from_numpy(self.session.run(None, {self.input: x.numpy(force=True)})[0])


def load(card: ModelCard, path: Path) -> Loaded:
    """The graph at path, (N, planes, h, w) -> (N, outputs); raises ModelError."""
    model = onnx.load(path, load_external_data=False)
    batch = _batch(model, path)
    session: nn.Module = Session(model)
    session = OneByOne(session) if batch == 1 else session
    forward_only = loaded_program(card, session)
    _rename_nodes(model)
    try:
        converted: nn.Module = onnx2torch.convert(model).eval().requires_grad_(False)
        converted = OneByOne(converted) if batch == 1 else converted
        loaded = loaded_program(card, converted, ("Converted by onnx2torch, which agrees with onnxruntime.",))
        difference = _difference(forward_only, loaded, card)
    except Exception as error:  # noqa: BLE001 - a converter of foreign graphs may fail in any way
        return _with_note(forward_only, f"onnx2torch can't convert this graph ({error})")
    if not difference <= AGREEMENT:  # nan agrees with nothing
        return _with_note(forward_only, f"the conversion by onnx2torch is off by {difference:.2g}")
    return loaded


def _with_note(loaded: Loaded, reason: str) -> Loaded:
    note = f"Run by onnxruntime, without gradients: {reason}. An export with opset 17 or lower may be convertible."
    return Loaded(loaded.network, None, False, None, (note,))


def _difference(one: Loaded, other: Loaded, card: ModelCard) -> float:
    spec = card.input
    x = torch.rand(2, spec.channels, spec.size, spec.size, generator=torch.Generator().manual_seed(1))
    x[0] *= torch.linspace(0, 1, spec.size)
    with torch.inference_mode():
        expected = one.network.backbone(one.network.prepared(x))
        found = other.network.backbone(other.network.prepared(x))
    return float((found - expected).abs().max() / expected.abs().max().clamp_min(1))


def _batch(model: onnx.ModelProto, path: Path) -> int:
    """The batch that the graph is made for, 0 where it takes any; refuses all but one graph from images to logits."""
    graph = model.graph
    domains = DOMAINS | {function.domain for function in model.functions}
    inputs = [value for value in graph.input if value.name not in {tensor.name for tensor in graph.initializer}]
    dims = inputs[0].type.tensor_type.shape.dim if inputs else []
    floats = bool(inputs) and inputs[0].type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    problem = ""
    if any(t.data_location == onnx.TensorProto.EXTERNAL or t.external_data for t in _messages(model, onnx.TensorProto)):
        problem = "keeps its weights in other files, whose paths are not followed"
    elif strange := {node.domain for node in _messages(model, onnx.NodeProto)} - domains:
        problem = f"has operators of the domain {strange.pop()!r}"
    elif len(inputs) != 1 or len(graph.output) != 1 or len(dims) != 4 or not floats:
        problem = f"has {len(inputs)} inputs and {len(graph.output)} outputs, or an input that is no float32 image"
    elif (batch := dims[0].dim_value) > 1:
        problem = f"was exported for batches of {batch}"
    if problem:
        raise ModelError(str(path), problem, REMEDY)
    return int(dims[0].dim_value)


def _messages(message: Message, kind: type[Message]) -> Iterator[Message]:
    """All messages of a kind, in subgraphs, attributes and functions too."""
    if isinstance(message, kind):
        yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in value if field.is_repeated else (value,):
                yield from _messages(part, kind)


def _rename_nodes(model: onnx.ModelProto) -> None:
    for i, node in enumerate(model.graph.node):
        node.name = f"node_{i}"
