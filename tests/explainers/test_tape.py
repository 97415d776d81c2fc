"""Maps that are made without the layers of a network are those that are made with them."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from core.classifier import Classifier
from core.tape import PASSED, TAPES
from core.values import Floats
from explainers import explain
from model_zoo.cards import cards
from model_zoo.loading import load_classifier
from tests.explainers.networks import TARGET, picture, ready
from tests.toys import fresh, small_cnn_classifier

METHODS = ("saliency", "grad_cam", "guided_backprop", "guided_grad_cam", "deep_lift", "lrp")
KEYS = [card.key for card in cards()]


def heat(key: str, model: Classifier, pixels: Floats, target: int = 0) -> Floats:
    return explain(key, model, pixels, target).heat


def known(model: Classifier) -> bool:
    (tape,) = TAPES[model.network].values()
    return tape is not None


@pytest.mark.parametrize("key", METHODS)
@pytest.mark.parametrize("architecture", ["tf_efficientnet_lite0", "resnet18", "mobilenetv2_050"])
def test_maps_are_those_of_a_network_of_which_nothing_is_known(architecture: str, key: str) -> None:
    model = ready(architecture)
    layers = fresh(model)
    for seed in (0, 1):
        heat(key, model, picture(3, 64, seed), TARGET)
    assert known(model)
    after = heat(key, model, picture(3, 64, seed=2), TARGET)
    assert after.any()
    np.testing.assert_array_equal(after, heat(key, layers, picture(3, 64, seed=2), TARGET))


@pytest.mark.parametrize("name", KEYS)
def test_bundled_networks_are_straight_for_each_method(name: str) -> None:
    model = load_classifier(name)
    size, channels = model.card.input.size, model.card.input.channels
    for key in METHODS:
        for learned in (TAPES, PASSED):
            learned.pop(model.network, None)
        first, _ = (heat(key, model, picture(channels, size)) for _ in range(2))
        assert known(model)
        np.testing.assert_array_equal(heat(key, model, picture(channels, size)), first)


@pytest.mark.parametrize("key", METHODS)
def test_threads_share_a_tape(key: str) -> None:
    model = small_cnn_classifier(3)
    pictures = [picture(seed=seed) for seed in range(8)]
    alone = [heat(key, fresh(model), each) for each in pictures]
    for each in pictures[:2]:
        heat(key, model, each)
    assert known(model)
    found: dict[int, Floats] = {}
    together = threading.Barrier(8)

    def look(number: int) -> None:
        together.wait(5)
        found[number] = heat(key, model, pictures[number])

    threads = [threading.Thread(target=look, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, expected in enumerate(alone):
        np.testing.assert_array_equal(found[number], expected)
