"""One door to the network: shapes, calibration, gradients, feature maps, progress and cancel."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pytest
import torch
from torch import Tensor

from core.classifier import RECENT, Classifier
from core.errors import Cancelled, InputError
from core.gradients import input_gradient
from core.progress import Meter
from core.tape import TAPES
from tests.toys import Linear, linear_classifier, small_cnn_classifier


def test_predict_refuses_a_wrong_shape() -> None:
    with pytest.raises(InputError, match=r"takes \(1, 16, 16\), not \(3, 16, 16\)"):
        linear_classifier().predict(np.zeros((3, 16, 16), dtype=np.float32))


def test_probability_is_the_sigmoid_of_logit_over_temperature() -> None:
    model = linear_classifier(labels=2)
    pixels = np.random.default_rng(0).random((1, 16, 16), dtype=np.float32)
    prediction = model.predict(pixels)
    expected = 1 / (1 + np.exp(-prediction.logits / model.card.temperature))
    np.testing.assert_allclose(prediction.probabilities, expected, rtol=1e-6)


@pytest.mark.parametrize("threshold", [0.0, 0.2, 1.0])
def test_a_label_is_flagged_from_its_edge_on_which_is_finite(threshold: float) -> None:
    model = linear_classifier(labels=2)
    points = {"usual": (threshold, 0.5)}
    model = dataclasses.replace(model, card=dataclasses.replace(model.card, temperature=3.0, operating_points=points))
    assert torch.isfinite(model.edges).all()
    below, above = model.interpret(model.edges + torch.tensor([[-0.01], [0.01]]))
    assert above.positive.tolist() == [threshold < 1, True]
    assert below.positive.tolist() == [threshold == 0, False]


def test_the_gradient_of_a_batch_does_not_mix_and_touches_no_weight() -> None:
    model = small_cnn_classifier()
    x = torch.rand(3, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    together, logits = input_gradient(model, x, lambda z: z[:, 0])
    alone, _ = input_gradient(model, x[1:2], lambda z: z[:, 0])
    torch.testing.assert_close(together[1:2], alone)
    assert logits.shape == (3, 1)
    assert not x.requires_grad
    assert all(p.grad is None and not p.requires_grad for p in model.network.parameters())


def test_no_hook_is_left_behind_even_after_an_error() -> None:
    model, maps = small_cnn_classifier(), list[Tensor]()
    with pytest.raises(RuntimeError):
        model.showing(maps.append)(torch.zeros(1, 5, 32, 32))
    assert not model.cam_layer._forward_hooks
    model.showing(maps.append)(torch.zeros(1, 1, 32, 32))
    assert not model.cam_layer._forward_hooks
    assert len(maps) == 1


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("gradient", [False, True])
def test_each_is_shown_the_feature_maps_of_its_own_passes(gradient: bool, known: bool) -> None:
    """Whether the layers are passed through or it is known what they do."""
    model, ours, theirs = small_cnn_classifier(), list[Tensor](), list[Tensor]()
    black, white = torch.zeros(1, 1, 32, 32), torch.ones(1, 1, 32, 32)
    for _ in range(2 * known):
        input_gradient(model, black, lambda z: z[:, 0])

    def also(_x: Tensor, _logits: Tensor) -> None:
        thread = threading.Thread(target=model.showing(theirs.append), args=(black,))
        thread.start()
        thread.join(5)

    with torch.set_grad_enabled(gradient):
        model.showing(ours.append).watched(also)(white.requires_grad_(gradient))
        assert torch.equal(ours[0], model.network.features(white))
        assert torch.equal(theirs[0], model.network.features(black))
    assert len(ours) == len(theirs) == 1
    assert ours[0].requires_grad == gradient
    assert (model.network in TAPES) == known


def test_the_meter_counts_reports_and_cancels() -> None:
    seen: list[float] = []
    cancel = threading.Event()
    meter = Meter(expected=4, report=seen.append, cancel=cancel)
    model = linear_classifier().watched(meter)
    model(torch.zeros(3, 1, 16, 16))
    cancel.set()
    with pytest.raises(Cancelled):
        model(torch.zeros(1, 1, 16, 16))
    assert seen == [0.75, 1.0]
    assert meter.images == 4


class Counted(Linear):
    """Counts the images that it is shown."""

    shown = 0

    def forward(self, x: Tensor) -> Tensor:
        self.shown += len(x)
        return super().forward(x)


@pytest.fixture
def counted() -> Classifier:
    """A linear model that counts, and recalls."""
    toy = linear_classifier()
    return dataclasses.replace(toy, network=Counted(toy.network.weight).requires_grad_(False)).recalling()


def test_what_was_just_asked_is_recalled_and_what_is_long_gone_is_not(counted: Classifier) -> None:
    images = torch.rand(RECENT + 1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    seen: list[int] = []
    model = counted.watched(lambda x, _logits: seen.append(len(x)))
    with torch.no_grad():
        first = [model(image[None]) for image in images]
        again = [model(image[None]) for image in images[1:]]
        assert counted.network.shown == RECENT + 1
        assert torch.equal(torch.cat(first[1:]), torch.cat(again))
        model(images[:1])
        assert counted.network.shown == RECENT + 2
        model(images[:2])
    assert counted.network.shown == RECENT + 4
    assert sum(seen) == 2 * RECENT + 4, "who watches sees each pass"
    assert model.recalling() is model


def test_nothing_is_recalled_for_a_gradient_a_hook_or_another_network(counted: Classifier) -> None:
    x = torch.zeros(1, 1, 16, 16)
    with torch.no_grad():
        counted(x)
        with counted.network.features.register_forward_hook(lambda *_: None):
            counted(x)
        other = dataclasses.replace(counted, network=linear_classifier(seed=1).network)
        assert not torch.equal(other(x), counted(x))
    input_gradient(counted, x, lambda logits: logits[:, 0])
    assert counted.network.shown == 3


def test_what_is_recalled_is_safe_from_its_receivers(counted: Classifier) -> None:
    """Whether it is changed in place, or used beside a gradient after it was asked without."""
    x = torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    expected = counted.predict(x[0].numpy()).logits
    with torch.no_grad():
        recalled = counted(x)
        assert not counted(x).is_inference()
        counted(x).zero_()
    gradient, _ = input_gradient(counted, x, lambda logits: (logits * recalled)[:, 0])
    assert gradient.any()
    np.testing.assert_array_equal(counted.predict(x[0].numpy()).logits, expected)


def test_what_is_random_before_a_recalling_network_is_drawn_anew(counted: Classifier) -> None:
    model, x = counted.through(lambda x: x + torch.rand_like(x)), torch.zeros(1, 1, 16, 16)
    with torch.no_grad():
        assert not torch.equal(model(x), model(x))
