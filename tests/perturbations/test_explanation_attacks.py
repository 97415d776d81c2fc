"""Attacks on the map against answers known by hand, against the plain attack, and against the map that is shown."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.classifier import Classifier
from core.values import Floats, Goal, Mask
from explainers import explain
from explainers.metrics import rank_correlation
from perturbations import PERTURBATIONS, perturb, perturb_batch
from perturbations._maps import _evidence, likeness, remains
from tests.toys import classifier, small_cnn_classifier

HIDE = Goal(0, "hide")


class Cells(nn.Module):
    """A mean of 4 x 4 cells: each says gain * brightness for the finding; at brightness level the logit is 0."""

    def __init__(self, gain: float, level: float) -> None:
        super().__init__()
        self.features = nn.AvgPool2d(4)
        self.gain, self.level = gain, level

    def forward(self, x: Tensor) -> Tensor:
        return self.gain * (self.features(x).mean((2, 3)) - self.level)


def cells(gain: float = 10.0, level: float = 0.45) -> Classifier:
    network = Cells(gain, level)
    return classifier(network, network.features, 1, 16, 1)


def split(bright: float, dark: float, columns: int = 8) -> Floats:
    """(1, 16, 16): the first columns bright, the others dark."""
    pixels = np.full((1, 16, 16), dark, dtype=np.float32)
    pixels[:, :, :columns] = bright
    return pixels


def textured(seed: int) -> Floats:
    """(1, 32, 32): noise, brighter in a corner."""
    pixels = np.random.default_rng(seed).uniform(0.2, 0.6, (1, 32, 32))
    pixels[:, 4:16, 4:16] += 0.3
    return pixels.astype(np.float32)


def small_cnn_at(logit: float, pixels: Floats) -> Classifier:
    """A small CNN whose bias is such that this picture has this logit."""
    model = small_cnn_classifier(seed=1)
    with torch.no_grad():
        model.network.get_parameter("head.bias").add_(logit - logit_of(model, pixels))
    return model


def logit_of(model: Classifier, pixels: Floats) -> float:
    return float(model.predict(pixels).logits[0])


def heat(model: Classifier, pixels: Floats) -> Floats:
    return explain("grad_cam", model, pixels, 0).heat


def share(model: Classifier, pixels: Floats, inside: Mask) -> float:
    """Of the heat, what lies inside."""
    shown = heat(model, pixels)
    return float(shown[inside].sum() / shown.sum())


def attacked(key: str, model: Classifier, clean: Floats, **params: Any) -> Floats:
    """The picture after an attack that may not change more than it says."""
    method = PERTURBATIONS[key].params(**params)
    result = perturb(key, model, clean, HIDE, method)
    assert 0 < result.norms.linf_255 <= params["epsilon"] + 1e-3
    return result.perturbed


@pytest.mark.parametrize("hold", [0.0, 0.2])
def test_away_from_the_bright_half_is_the_corner_of_the_box(hold: float) -> None:
    """What the bright half loses the dark half gains, so the logit stays by itself."""
    model, clean = cells(), split(0.6, 0.4)
    perturbed = attacked("move_map", model, clean, epsilon=4.0, hold=hold)
    np.testing.assert_allclose(perturbed, np.where(clean > 0.5, clean - 4 / 255, clean + 4 / 255), atol=1e-6)
    assert logit_of(model, perturbed) == pytest.approx(logit_of(model, clean), abs=1e-4)


def test_away_ends_where_the_pattern_is_reversed() -> None:
    """Which here takes 10/255 in each half, though 16 are allowed."""
    clean = split(0.5 + 5 / 255, 0.5 - 5 / 255)
    perturbed = attacked("move_map", cells(), clean, epsilon=16.0)
    np.testing.assert_allclose(perturbed, clean[:, :, ::-1], atol=1 / 255)


def test_the_map_goes_where_it_is_asked_to() -> None:
    model, clean, corner = cells(), split(0.6, 0.4), np.zeros((16, 16), dtype=np.bool_)
    corner[:4, 12:] = True
    perturbed = attacked("move_map", model, clean, epsilon=16.0, place="towards", x=87.5, y=12.5)
    change = perturbed - clean
    assert (change[0, corner] > 15 / 255).all()
    assert (change[0, :, :8] < 0).all()
    assert share(model, perturbed, corner) > 1.15 * share(model, clean, corner)
    assert model.predict(perturbed).positive[0]


def test_the_map_of_a_network_goes_where_it_is_asked_to() -> None:
    clean, corner = textured(0), np.zeros((32, 32), dtype=np.bool_)
    corner[20:28, 20:28] = True
    model = small_cnn_at(0.3, clean)
    towards = attacked("move_map", model, clean, epsilon=8.0, place="towards", x=75.0, y=75.0)
    noise = attacked("uniform_noise", model, clean, epsilon=8.0)
    before, after, by_chance = (share(model, pixels, corner) for pixels in (clean, towards, noise))
    assert after > 1.2 * before
    assert after - before > 10 * abs(by_chance - before)
    assert logit_of(model, towards) == pytest.approx(0.3, abs=0.15)


@pytest.mark.parametrize("direction", [1, -1])
def test_the_decision_stays_where_the_logit_is_not_held(direction: int) -> None:
    """The bright part is larger than the dark, so the logit falls, and the last steps would cross the threshold; or
    it rises, where brightness speaks against the finding, and crosses it from below."""
    model, clean = cells(gain=10.0 * direction, level=0.54), split(0.6, 0.4, columns=12)
    before = model.predict(clean).positive[0]
    free, close = (
        attacked("move_map", cells(10.0 * direction, at), clean, epsilon=8.0, hold=0.0) for at in (0.3, 0.54)
    )
    assert model.predict(free).positive[0] != before
    assert model.predict(close).positive[0] == before
    assert abs(logit_of(model, close)) < abs(logit_of(model, clean))


def test_each_image_of_a_batch_keeps_its_own_decision() -> None:
    model, batch = cells(level=0.55), np.stack([split(0.7, 0.5), split(0.6, 0.4)])
    perturbed = perturb_batch("move_map", model, batch, HIDE, PERTURBATIONS["move_map"].params(epsilon=8.0))
    assert [bool(answer.positive[0]) for answer in model.predict_batch(perturbed)] == [True, False]
    assert (np.abs(perturbed - batch).max(axis=(1, 2, 3)) > 7 / 255).all()


@pytest.mark.parametrize("seed", range(3))
def test_the_decision_flips_and_the_map_stays_more_than_under_the_plain_attack(seed: int) -> None:
    clean = textured(seed)
    model = small_cnn_at(0.1, clean)
    plain = attacked("pgd", model, clean, epsilon=16.0, steps=40)
    kept = attacked("keep_map", model, clean, epsilon=16.0, confidence=0.0)
    first, without, with_map = (heat(model, pixels) for pixels in (clean, plain, kept))
    assert logit_of(model, plain) < 0
    assert logit_of(model, kept) < 0
    assert rank_correlation(first, with_map) > rank_correlation(first, without)


def test_without_weight_on_the_map_it_only_flips() -> None:
    """As far as it is told to, beyond the threshold."""
    model, clean = cells(level=0.49), split(0.6, 0.4)
    perturbed = attacked("keep_map", model, clean, epsilon=16.0, hold=0.0, confidence=0.3)
    assert -0.5 < logit_of(model, perturbed) <= -0.3


def test_what_can_not_flip_comes_as_near_as_it_can() -> None:
    model, clean = cells(level=0.3), split(0.6, 0.4)
    perturbed = attacked("keep_map", model, clean, epsilon=4.0, hold=0.0)
    np.testing.assert_allclose(perturbed, clean - 4 / 255, atol=1e-6)


def test_the_map_that_is_attacked_is_the_one_that_is_shown() -> None:
    """But for the evidence against, which is cut off there."""
    model, x = small_cnn_classifier(seed=2), torch.from_numpy(textured(0))[None].requires_grad_(True)
    features = model.network.get_submodule("features")(x)
    found = _evidence(model, features, model.network.get_submodule("head")(features.mean((2, 3)))[:, 0]).detach()
    shown = explain("grad_cam", model, textured(0), 0).cells
    assert found.min() < 0
    np.testing.assert_allclose(found[0].clamp(min=0), shown, atol=1e-6)


def test_what_the_model_does_not_see_has_no_evidence() -> None:
    model = small_cnn_classifier()
    spec = dataclasses.replace(model.card.input, fit="fov", size=8)
    model = dataclasses.replace(model, card=dataclasses.replace(model.card, input=spec))
    features = torch.ones(1, 8, 8, 8, requires_grad=True)
    found = _evidence(model, features, features.sum((1, 2, 3)))[0]
    assert (found[0, 0], found[4, 4]) == (0, 8)


def test_the_gradient_follows_the_weights_of_the_map_too() -> None:
    """Behind a head that is not linear they change with the picture; compared with differences of the map itself."""
    rng = torch.Generator().manual_seed(0)
    model, features = small_cnn_classifier(), torch.randn(1, 3, 4, 4, generator=rng, dtype=torch.float64)

    def evidence(values: Tensor) -> Tensor:
        return _evidence(model, values, values.mean((2, 3)).square().sum(dim=1))

    assert torch.autograd.gradcheck(evidence, features.requires_grad_(True))


def test_likeness_and_what_remains() -> None:
    before = torch.tensor([[[0.0, 1.0], [2.0, 3.0]]])
    for now, alike, left in ((before, 1, 1), (2 * before + 5, 1, 2), (-before, -1, -1), (before.flip(1), -0.6, -0.6)):
        assert likeness(now, before).item() == pytest.approx(alike, abs=1e-6)
        assert remains(now, before).item() == pytest.approx(left, abs=1e-6)
    even = torch.ones(1, 2, 2)
    assert likeness(even, before).item() == remains(before, even).item() == 0
