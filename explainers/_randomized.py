"""The sanity checks of Adebayo et al. 2018, Sanity checks for saliency maps, arXiv:1810.03292: a map that does not care
what the network has learned stays the same when its weights are replaced by random ones, or by those of a network that
learned random labels. Compare the maps with metrics.rank_correlation()."""

from __future__ import annotations

import copy
import dataclasses
import threading
from typing import Any, Literal

import torch
from torch import Tensor, nn

from core.classifier import Classifier
from core.errors import ParameterError, Unsupported


def with_random_weights(model: Classifier, layers: int | Literal["all"], seed: int) -> Classifier:
    """A copy of model whose last layers (1 is the output layer), or all, have random weights: cascading randomization.

    Each tensor of weights is drawn anew from a normal distribution with its own mean and standard deviation, so that
    the scores keep their scale; layers count in the order in which the network registers them. The copy shares nothing
    with the original. It has another key and no measured results; its probabilities are not calibrated, and it knows no
    distance from the training data. Raises ParameterError, and Unsupported where there are no weights to replace.
    """
    with model.lock:
        network, cam_layer = copy.deepcopy((model.network, model.cam_layer))
    found = layers_of(network)
    if not found:
        raise Unsupported("Random weights", f"{model.card.key} holds no layers that are known", "Choose another model.")
    count = len(found) if layers == "all" else layers
    if not 1 <= count <= len(found):
        rule = f"must be between 1 and {len(found)} for {model.card.key}, not {count}"
        raise ParameterError("Number of random layers", rule, "Choose fewer layers.")
    for module in network.modules():
        module._forward_hooks.clear()  # of whoever has set them on the original
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in reversed(found[-count:]):
            for parameter in layer.parameters(recurse=False):
                mean, spread = parameter.mean(), parameter.std(correction=0)
                parameter.copy_(mean + spread * torch.randn(parameter.shape, generator=rng))
    described = f"{count} of {len(found)} layers random"
    return _with(model, network, cam_layer, threading.Lock(), f"random_{count}_{seed}", described)


def with_random_labels(model: Classifier, *, exchanged: bool = False) -> Classifier:
    """model, which offers "random labels", with the network in place of its own that learned these, which stay 0 and 1
    or are exchanged: as good a double, since which of them is called 1 was drawn too. It has another key, no measured
    results and no distance from the training data. Raises ModelError where the network is damaged."""
    assert model.random_labels is not None
    double = model.random_labels()
    network = _Opposite(double.network) if exchanged else double.network
    return _with(
        model, network, double.cam_layer, double.lock, "random_labels" + exchanged * "_exchanged", "random labels"
    )


class _Opposite(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.network(x)
        return -logits


def _with(
    model: Classifier, network: nn.Module, cam_layer: nn.Module | None, lock: Any, suffix: str, described: str
) -> Classifier:
    card = dataclasses.replace(
        model.card, key=f"{model.card.key}_{suffix}", name=f"{model.card.name}, {described}", sha256="", results={}
    )
    return dataclasses.replace(
        model,
        card=card,
        network=network,
        cam_layer=cam_layer,
        lock=lock,
        on_pass=None,
        distance=None,
        forward_only=None,
    )


def layers_of(network: nn.Module) -> list[nn.Module]:
    """The modules with weights of their own, from the input to the output."""
    return [module for module in network.modules() if next(module.parameters(recurse=False), None) is not None]
