"""Small models from elsewhere, with random weights, in each of the formats, and their cards."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import onnx
import timm
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file
from torch import Tensor, nn

from core.values import DataSource, InputSpec, ModelCard
from model_zoo.checks import Verdict, check_lines

SIZE = 64


def foreign_card(**changes: object) -> ModelCard:
    """A card of a ResNet-18 for gray pictures of 64 pixels with two labels."""
    card = ModelCard(
        key="elsewhere",
        name="From elsewhere",
        summary="A model from elsewhere.",
        input=InputSpec("cxr", 1, SIZE, "squash", planes=1),
        labels=("one", "two"),
        operating_points={"balanced": (0.5, 0.5)},
        temperature=1.0,
        architecture="resnet18",
        weights="elsewhere.safetensors",
        sha256="",
        license="MIT",
        training=(DataSource("nothing", 0, "none", "https://example.org"),),
        results={},
        test_split="none",
        intended_use="Tests.",
        limits=("It has learned nothing.",),
        role="foreign",
    )
    return replace(card, **changes)  # type: ignore[arg-type]


def settled(network: nn.Module) -> nn.Module:
    """The network with statistics and weights that are not all alike, for inference."""
    generator = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor, low, high in ((module.running_mean, -0.1, 0.1), (module.running_var, 0.5, 1.5)):
                assert tensor is not None
                tensor.copy_(low + (high - low) * torch.rand(tensor.shape, generator=generator))
            nn.init.uniform_(module.weight, 0.5, 1.5, generator=generator)
            nn.init.uniform_(module.bias, -0.1, 0.1, generator=generator)
    return network.eval().requires_grad_(False)


def timm_network(card: ModelCard) -> nn.Module:
    """A network of the architecture of the card, as timm makes it."""
    torch.manual_seed(0)
    outputs = len(card.labels) + len(card.hidden)
    return settled(timm.create_model(card.architecture, num_classes=outputs, in_chans=card.input.planes))


def save_timm(card: ModelCard, path: Path, *, prefix: str = "", **more: Tensor) -> nn.Module:
    """Random weights for the card, under prefix, with more tensors beside them."""
    network = timm_network(card)
    save_file({prefix + name: tensor.contiguous() for name, tensor in network.state_dict().items()} | more, path)
    return network


class Net(nn.Module):
    """A convolution, global average pooling, a linear layer and, maybe, a sigmoid."""

    def __init__(self, channels: int = 1, outputs: int = 2, *, sigmoid: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Conv2d(channels, 8, 3, stride=2), nn.ReLU(inplace=True))
        self.classifier = nn.Linear(8, outputs)
        self.last = nn.Sigmoid() if sigmoid else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.last(self.classifier(self.body(x).mean((2, 3))))
        return logits


def save_torchscript(network: nn.Module, path: Path) -> None:
    """The network, scripted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is deprecated
        torch.jit.save(torch.jit.script(network.eval()), path)


def save_export(network: nn.Module, path: Path, *, batch: int = 2, dynamic: bool = True) -> None:
    """The network, exported for a batch of any size, or for this one only."""
    shapes = ({0: torch.export.Dim("batch")},) if dynamic else None
    program = torch.export.export(network.eval(), (torch.rand(batch, 1, SIZE, SIZE),), dynamic_shapes=shapes)
    torch.export.save(program, path)


def onnx_model(network: Net, *, batch: int | str = "batch", last: str = "", opset: int = 17) -> onnx.ModelProto:
    """The network as a graph, built by hand; last is an operator at its end."""
    weights = {name: tensor.numpy(force=True) for name, tensor in network.state_dict().items()}
    channels, outputs = weights["body.0.weight"].shape[1], len(weights["classifier.bias"])
    nodes = [
        helper.make_node("Conv", ["x", "body.0.weight", "body.0.bias"], ["c"], strides=[2, 2]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("GlobalAveragePool", ["r"], ["p"]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "classifier.weight", "classifier.bias"], ["g" if last else "y"], transB=1),
    ]
    if last:
        nodes.append(helper.make_node(last, ["g"], ["y"]))
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, channels, SIZE, SIZE])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, outputs])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def check_model(card: ModelCard, path: Path) -> Verdict:
    """The whole verdict, in this process."""
    return Verdict(tuple(check_lines(card, path)))
