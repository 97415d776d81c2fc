"""What a classifier is shown: through a transform, and regions that it can see."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from core.errors import InputError
from core.gradients import input_gradient
from tests.toys import linear_classifier


def test_a_transform_is_what_the_network_and_the_watcher_see() -> None:
    model = linear_classifier()
    seen: list[torch.Tensor] = []
    x = torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    halved = model.watched(lambda shown, _: seen.append(shown)).through(lambda x: x / 2)
    torch.testing.assert_close(halved(x), model(x / 2))
    torch.testing.assert_close(seen[0], x / 2)
    assert model.transform is None


def test_of_several_transforms_the_last_added_comes_first() -> None:
    model = linear_classifier()
    x = torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    both = model.through(lambda x: x / 2).through(lambda x: x + 0.1)
    torch.testing.assert_close(both(x), model((x + 0.1) / 2))
    gradient, _ = input_gradient(both, x, lambda z: z[:, 0])
    torch.testing.assert_close(gradient, model.network.weight.detach().expand_as(x) / 2)


def test_an_answer_may_take_several_passes_and_is_watched_once() -> None:
    model = linear_classifier(labels=2)
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []
    x = torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    mean = model.watched(lambda *each: seen.append(each)).answering(lambda ask, x: (ask(x) + ask(x / 2)) / 2)
    expected = (model(x) + model(x / 2)) / 2
    torch.testing.assert_close(mean(x), expected)
    torch.testing.assert_close(mean.versus(0, 1)(x)[:, 0], expected[:, 0] - expected[:, 1])
    ((shown, logits), _) = seen
    assert torch.equal(shown, x)
    torch.testing.assert_close(logits, expected)
    assert "module tree" not in mean.offers
    assert model.answer is None


def test_what_is_shown_is_changed_before_it_is_answered_and_the_last_answer_added_comes_first() -> None:
    model = linear_classifier()
    x = torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    halved = model.answering(lambda ask, x: ask(x / 2)).answering(lambda ask, x: ask(x + 0.1))
    torch.testing.assert_close(halved.through(lambda x: x * 0)(x), model(torch.full_like(x, 0.05)))
    torch.testing.assert_close(halved(x), model((x + 0.1) / 2))


@pytest.mark.parametrize(
    ("region", "words"),
    [
        (np.zeros((16, 16), np.bool_), "holds nothing that the model sees"),
        (np.ones((15, 16), np.bool_), r"must be \(16, 16\) bool, not \(15, 16\) bool"),
        (np.ones((16, 16), np.float32), "not .* float32"),
    ],
)
def test_a_region_must_be_a_mask_of_something_the_model_sees(region: np.ndarray, words: str) -> None:
    with pytest.raises(InputError, match=words):
        linear_classifier().check_region(region)


def test_a_region_outside_the_aperture_is_refused() -> None:
    model = linear_classifier()
    card = dataclasses.replace(model.card, input=dataclasses.replace(model.card.input, fit="fov"))
    corner = np.zeros((16, 16), np.bool_)
    corner[0, 0] = True
    model.check_region(corner)
    with pytest.raises(InputError, match="holds nothing that the model sees"):
        dataclasses.replace(model, card=card).check_region(corner)
