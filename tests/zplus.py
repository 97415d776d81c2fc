"""What LRP by z+ can't do without, in layers of torch: a network that takes as long as the parts that convolutions hand
back to. (To pixels it hands back by the box rule, which takes as long.)"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from core.classifier import Classifier


class Parts(nn.Module):
    """x (N, C, h, w) -> the sum of the positive parts of conv (N, D, rows, columns), of single channels that of all by
    size. signed: x may be negative, in channels that don't come in groups."""

    def __init__(self, conv: nn.Conv2d, signed: bool) -> None:
        super().__init__()
        weight = conv.weight.detach()
        up = weight.abs() if weight.shape[1] == 1 else weight.clamp(min=0)
        down = -up if weight.shape[1] == 1 else weight - up
        assert conv.groups == 1 or not signed
        self.conv, self.signed = copy.deepcopy(conv), signed
        self.conv.weight = nn.Parameter(torch.cat([up, down], 1) if signed else up, requires_grad=False)
        self.conv.bias = None

    def forward(self, x: Tensor) -> Tensor:
        if self.signed:
            positive = x.relu()
            x = torch.cat([positive, x - positive], 1)
        parts: Tensor = self.conv(x)
        return parts


def network_of_parts(model: Classifier, x: Tensor) -> nn.Module:
    """That of model, with Parts in place of its convolutions, for those inputs that they get from x."""
    network, signed = copy.deepcopy(model.network), dict[str, bool]()
    convolutions = {name: layer for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d)}
    hooks = [
        layer.register_forward_pre_hook(
            lambda _layer, inputs, name=name: signed.update({name: bool(inputs[0].min() < 0)})
        )
        for name, layer in convolutions.items()
    ]
    with torch.no_grad():
        network(x)
    for hook in hooks:
        hook.remove()
    for name, layer in convolutions.items():
        network.set_submodule(name, Parts(layer, signed[name]))
    return network
