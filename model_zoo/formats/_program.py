"""What foreign programs (TorchScript, torch.export, ONNX) have in common: nothing is known until they are run."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.errors import ModelError
from core.values import ModelCard
from model_zoo.architectures import Head, Network
from model_zoo.formats import Loaded


class OneByOne(nn.Module):
    """Runs a program that was made for one image at a time on the images of a batch."""

    def __init__(self, program: nn.Module) -> None:
        super().__init__()
        self.program = program

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.program(image) for image in torch.split(x, 1)])


def loaded_program(card: ModelCard, program: nn.Module, notes: tuple[str, ...] = ()) -> Loaded:
    """A program (N, planes, h, w) -> (N, outputs), tried on one image; raises ModelError where the card says otherwise.

    Programs have no feature map that could be hooked.
    """
    network = Network(program, card.input, Head(card))
    spec, outputs = card.input, len(card.labels) + len(card.hidden)
    x = torch.rand(1, spec.channels, spec.size, spec.size, generator=torch.Generator().manual_seed(0))
    x.requires_grad_()
    z = program(network.prepared(x))
    if not isinstance(z, Tensor) or z.shape != (1, outputs) or not z.is_floating_point():
        found = f"{tuple(z.shape)} of {z.dtype}" if isinstance(z, Tensor) else f"{type(z).__name__}, not one tensor,"
        raise ModelError(
            f"Network of {card.key}",
            f"gives {found} for one image; the card names {len(card.labels)} labels and {len(card.hidden)} hidden",
            "Name as many labels and hidden outputs as the network has, and export it with the logits as only output.",
        )
    return Loaded(network, None, _has_gradient(z, x), None, notes)


def _has_gradient(z: Tensor, x: Tensor) -> bool:
    if not z.requires_grad:
        return False
    (gradient,) = torch.autograd.grad(z.sum(), x, allow_unused=True)
    return gradient is not None and bool(gradient.isfinite().all()) and bool(gradient.any())
