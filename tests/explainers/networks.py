"""Small networks and pictures for the tests of explainers."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from core.classifier import Classifier
from core.values import Floats, InputSpec
from explainers import EXPLAINERS, explain
from model_zoo.architectures import build
from tests.foreign import settled
from tests.toys import classifier

TARGET = 1
SIZE = 32


def ours(key: str, model: Classifier, x: Tensor, target: int = TARGET, seed: int = 0, **values: object) -> Floats:
    return explain(key, model, x[0].numpy(), target, EXPLAINERS[key].params(**values), seed=seed).heat


def picture(channels: int = 3, size: int = SIZE, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).random((channels, size, size), dtype=np.float32)


def wrapped(network: nn.Module, channels: int = 1, size: int = 4, labels: int = 1) -> Classifier:
    return classifier(network, network, channels, size, labels)


def ready(architecture: str, size: int = 64) -> Classifier:
    """A timm network with random weights and batch norms that are not folded."""
    torch.manual_seed(0)
    network = settled(build(architecture, InputSpec("dermoscopy", 3, size, "squash"), 2))
    return classifier(network, network.feature_map, 3, size, 2)
