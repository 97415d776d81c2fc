"""safetensors with the weights of a timm architecture: numbers only, and the network is built by our own code.

The names of the tensors may share a prefix ("backbone." in our own files, "model." in many others); tensors named in
EXTRAS are known to be no weights and are left out; "scope.*" belong to the model's Scope. Anything else must fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from core.errors import ModelError
from core.values import ModelCard
from model_zoo.architectures import Head, TimmNetwork, build, fold_batch_norms
from model_zoo.formats import Loaded
from model_zoo.scope import Scope

EXTRAS = frozenset({"op_threshs"})  # of torchxrayvision: where its own outputs are bent, which are not used here
MOST_PARAMETERS = 400_000_000


def load(card: ModelCard, path: Path) -> Loaded:
    """The network in the file at path; see from_tensors()."""
    return from_tensors(card, load_file(path))


def from_tensors(card: ModelCard, given: Mapping[str, Tensor]) -> Loaded:
    """The network of card.architecture with these tensors, in float32; raises ModelError where they don't fit."""
    tensors = {name: t.float() if t.is_floating_point() else t for name, t in given.items()}
    scope = {name.removeprefix("scope."): tensors.pop(name) for name in [*tensors] if name.startswith("scope.")}
    extras = sorted(EXTRAS & tensors.keys())
    state = _without_prefix({name: t for name, t in tensors.items() if name not in extras})
    outputs = len(card.labels) + len(card.hidden)
    with torch.device("meta"):
        _compare(build(card.architecture, card.input, outputs).backbone, state, card)
    network = build(card.architecture, card.input, outputs)
    network.backbone.load_state_dict(state, strict=False)
    network.head = Head(card)
    network.eval()
    if card.role == "foreign":
        _out_of_place(network)
    else:
        fold_batch_norms(network)
        network.to(memory_format=torch.channels_last)
    cam_layer = network.feature_map if _is_feature_map(network, card) else None
    notes = (f"Left out of the file: {', '.join(extras)}, no weights of the network.",) if extras else ()
    return Loaded(network, cam_layer, True, Scope(**scope) if scope else None, notes)


def _without_prefix(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    parts = [name.split(".") for name in tensors]
    shared = 0
    while parts and all(len(name) > shared + 1 and name[shared] == parts[0][shared] for name in parts):
        shared += 1
    return {".".join(name[shared:]): tensor for name, tensor in zip(parts, tensors.values(), strict=True)}


def _compare(backbone: nn.Module, state: dict[str, Tensor], card: ModelCard) -> None:
    """Compares names and shapes before anything of the network is allocated."""
    wanted = {name: tuple(t.shape) for name, t in backbone.state_dict().items()}
    count = sum(p.numel() for p in backbone.parameters())
    lacking = [name for name in wanted if name not in state and not name.endswith("num_batches_tracked")]
    unknown = [name for name in state if name not in wanted]
    other = [name for name, shape in wanted.items() if name in state and tuple(state[name].shape) != shape]
    problem = ""
    if count > MOST_PARAMETERS:
        problem = f"the network has {count:,} parameters, more than {MOST_PARAMETERS:,}"
    elif lacking:
        problem = f"the file lacks {_some(lacking)}"
    elif unknown:
        problem = f"the file has {_some(unknown)}, which the network has not"
    elif other:
        shapes = f"{tuple(state[other[0]].shape)} in the file and {wanted[other[0]]} in the network"
        problem = f"{_some(other)} differ in shape: {other[0]} has {shapes}"
    if problem:
        raise ModelError(
            f"Weights of {card.key}",
            f"don't fit {card.architecture} with {len(card.labels)} labels and {len(card.hidden)} hidden ({problem})",
            "Name the timm architecture that the weights were trained in, its planes, and all of its outputs.",
        )


def _some(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _out_of_place(network: nn.Module) -> None:
    """In-place activations would overwrite what hooks are shown."""
    for module in network.modules():
        if getattr(module, "inplace", False):
            module.inplace = False  # type: ignore[assignment]


def _is_feature_map(network: TimmNetwork, card: ModelCard) -> bool:
    """Whether the features are (N, C, h, w), and not tokens or (N, h, w, C)."""
    spec, backbone = card.input, network.backbone
    with torch.inference_mode():
        features = backbone.forward_features(network.prepared(torch.zeros(1, spec.channels, spec.size, spec.size)))
    return bool(features.ndim == 4 and features.shape[1] == backbone.num_features)
