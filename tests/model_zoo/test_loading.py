"""What comes out of load_classifier is frozen, the same each time, and never a damaged file."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from core.errors import ModelError
from model_zoo.cards import load_card
from model_zoo.loading import WEIGHTS, load_classifier, load_network

KEYS = ("cxr_pneumonia", "dermoscopy_melanoma", "fundus_referable_dr")


@pytest.mark.parametrize("key", KEYS)
def test_loaded_once_frozen_and_for_inference(key: str) -> None:
    model = load_classifier(key)
    assert load_classifier(key) is model
    assert not model.network.training
    assert all(not p.requires_grad and p.dtype == torch.float32 for p in model.network.parameters())
    assert model.cam_layer in model.network.modules()


@pytest.mark.parametrize("key", KEYS)
def test_the_same_answer_alone_in_a_batch_and_again(key: str) -> None:
    model = load_classifier(key)
    spec = model.card.input
    x = torch.rand(4, spec.channels, spec.size, spec.size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        batch = model(x)
        assert torch.equal(batch, model(x))
        torch.testing.assert_close(torch.cat([model(x[i : i + 1]) for i in range(4)]), batch, atol=1e-4, rtol=1e-4)


def test_missing_weights(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"does not exist.*make train"):
        load_network(load_card("cxr_pneumonia"), tmp_path / "gone.safetensors")


def test_damaged_weights(tmp_path: Path) -> None:
    card = load_card("cxr_pneumonia")
    damaged = bytearray((WEIGHTS / card.weights).read_bytes())
    damaged[-1] ^= 1
    (tmp_path / card.weights).write_bytes(damaged)
    with pytest.raises(ModelError, match="the card says"):
        load_network(card, tmp_path / card.weights)


@pytest.mark.parametrize("content", [b"no tensors at all", save({"other": torch.zeros(2)})])
def test_weights_that_are_no_network(tmp_path: Path, content: bytes) -> None:
    card = dataclasses.replace(load_card("cxr_pneumonia"), sha256=hashlib.sha256(content).hexdigest())
    (tmp_path / card.weights).write_bytes(content)
    with pytest.raises(ModelError, match="does not fit tf_efficientnet_lite0"):
        load_network(card, tmp_path / card.weights)
