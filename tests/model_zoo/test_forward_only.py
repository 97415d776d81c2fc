"""Full batches that are only looked at: the same logits, and from the network itself wherever that is asked for."""

from __future__ import annotations

import dataclasses
import threading
from threading import Event
from typing import Any
from unittest.mock import Mock

import pytest
import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from core.classifier import FULL, Classifier
from core.gradients import input_gradient
from explainers._randomized import with_random_weights
from model_zoo import forward_only
from model_zoo.cards import load_card
from model_zoo.forward_only import ForwardOnly
from model_zoo.loading import read_classifier, weights_path
from tests.toys import small_cnn_classifier

OTHER = 7.0
SOON = 60


@pytest.mark.parametrize("key", ["cxr_pneumonia", "dermoscopy_melanoma", "fundus_referable_dr"])
def test_it_gives_the_logits_of_the_network_in_any_thread(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    card = load_card(key)
    model, asked = read_classifier(card, weights_path(card)), Mock(wraps=ForwardOnly.__call__)
    monkeypatch.setattr(ForwardOnly, "__call__", lambda *given: asked(*given))
    spec = model.card.input
    x = torch.rand(FULL, spec.channels, spec.size, spec.size, generator=torch.Generator().manual_seed(0))
    found: list[Tensor] = []

    def look() -> None:
        with torch.inference_mode():
            found.append(model(x))

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == asked.call_count == 2
    with torch.no_grad():
        expected = model.network(x)
    for logits in found:
        torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)


@pytest.fixture
def model() -> Classifier:
    """A toy whose forward_only answers something else, so that it shows when it was asked."""
    toy = small_cnn_classifier()
    labels = len(toy.card.labels)
    return dataclasses.replace(toy, forward_only=lambda x: torch.full((len(x), labels), OTHER))


def test_it_is_asked_for_full_batches_without_a_gradient(model: Classifier) -> None:
    size = model.card.input.size
    x = torch.rand(FULL, model.card.input.channels, size, size)
    with torch.no_grad():
        assert (model(x) == OTHER).all()
        assert not (model(x[1:]) == OTHER).any()
        maps: list[Tensor] = []
        assert not (model.showing(maps.append)(x) == OTHER).any()
        assert len(maps) == 1
        with model.network.register_forward_hook(lambda *_: None):
            assert not (model(x) == OTHER).any()
        assert not (with_random_weights(model, 1, 0)(x) == OTHER).any()
    _, logits = input_gradient(model, x, lambda z: z[:, 0])
    assert not (logits == OTHER).any()


@pytest.mark.parametrize("when", ["before", "during"])
def test_hooks_that_others_set_are_no_part_of_the_export(when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    toy, shown, found = small_cnn_classifier(), list[Tensor](), list[Tensor]()
    asked, exporting, go_on, export = ForwardOnly(toy.network, toy.lock), Event(), Event(), forward_only._session

    def export_slowly(network: nn.Module, x: Tensor) -> Any:
        exporting.set()
        assert go_on.wait(SOON)
        return export(network, x)

    def hook() -> RemovableHandle:
        with toy.lock:
            return toy.network.features.register_forward_hook(lambda _module, _inputs, output: shown.append(output))

    monkeypatch.setattr(forward_only, "_session", export_slowly)
    x = torch.rand(FULL, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    handle = hook() if when == "before" else None
    thread = threading.Thread(target=lambda: found.append(asked(x)))
    thread.start()
    assert exporting.wait(SOON)
    handle = handle or hook()
    go_on.set()
    thread.join(SOON)
    assert not shown
    expected = toy.network(x)
    assert len(shown) == 1, "the hook is still there"
    handle.remove()
    for logits in (found[0], asked(x)):
        torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)
    assert len(shown) == 1
