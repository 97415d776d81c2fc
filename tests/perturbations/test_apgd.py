"""Auto-PGD: what it lowers, how it steps, and another implementation."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
import torchattacks  # type: ignore[import-untyped]
from torch import Tensor, nn

from core.classifier import Classifier
from core.values import Direction, Floats, Goal
from perturbations import perturb, perturb_batch
from perturbations.apgd import ApgdParams, _score
from perturbations.pgd import PgdParams
from tests.toys import linear_classifier, small_cnn_classifier

HIDE = Goal(0, "hide")


def rugged() -> Classifier:
    """A CNN whose logit goes up and down within a few gray levels."""
    model = small_cnn_classifier()

    def waves(ask, x: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        z = 20 * ask(x)
        return z + 0.5 * torch.sin(9 * z)  # type: ignore[no-any-return]

    return model.answering(waves)


class Softmax(nn.Module):
    """One logit z as the two classes (0, z), whose softmax is the sigmoid of z: what torchattacks understands."""

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.model, self.network = model, model.network  # peers look for parameters

    def forward(self, x: Tensor) -> Tensor:
        z = self.model(x)
        return torch.cat([torch.zeros_like(z), z], dim=1)


def logits_of(model: Classifier, pixels: Floats) -> Floats:
    found: Floats = np.array([prediction.logits[0] for prediction in model.predict_batch(pixels)])
    return found


@pytest.mark.parametrize("rough", [False, True])
def test_it_does_as_well_as_torchattacks_within_statistical_error(rough: bool) -> None:
    """Of 24 pictures, at another random start: three standard errors, or 1 % of the gain."""
    model = rugged() if rough else small_cnn_classifier()
    batch: Floats = np.random.default_rng(0).random((24, 1, 32, 32), dtype=np.float32)
    peer = torchattacks.APGD(Softmax(model), eps=8 / 255, steps=30, seed=1)
    _, theirs = peer.perturb(torch.from_numpy(batch), torch.ones(24, dtype=torch.long), best_loss=True)
    ours = perturb_batch("apgd", model, batch, HIDE, ApgdParams(epsilon=8, steps=30))
    clean, one, other = (logits_of(model, pixels) for pixels in (batch, ours, theirs.numpy()))
    difference = one - other
    error = float(difference.std()) / 24**0.5
    assert abs(difference.mean()) <= max(3 * error, 0.01 * float((clean - other).mean()))


def test_it_beats_pgd_of_equal_length_where_the_steps_matter() -> None:
    model, batch = rugged(), np.random.default_rng(0).random((16, 1, 32, 32), dtype=np.float32)
    ours = perturb_batch("apgd", model, batch, HIDE, ApgdParams(epsilon=8, steps=50))
    theirs = perturb_batch("pgd", model, batch, HIDE, PgdParams(epsilon=8, steps=50, step_size=20))
    assert logits_of(model, ours).mean() <= logits_of(model, theirs).mean()


def test_steps_are_halved_where_they_do_not_help() -> None:
    """A logit that rises with the distance from a point: long steps jump over it, halved ones close in."""
    clean = np.full((1, 8, 8), 0.5, dtype=np.float32)

    def cone(ask, x: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        return (x - (0.5 + 3 / 255)).abs().sum((1, 2, 3))[:, None] + 0 * ask(x)

    model = linear_classifier(size=8).answering(cone)
    made = perturb("apgd", model, clean, HIDE, ApgdParams(epsilon=8, steps=100))
    way = [float((step.perturbed - clean).mean()) * 255 for step in made.trajectory]
    assert way[1] == pytest.approx(8, abs=1e-3)
    assert abs(made.perturbed - clean).mean() * 255 == pytest.approx(3, abs=0.2)
    assert np.abs(np.diff(way[-10:])).max() < 0.5


@pytest.mark.parametrize("direction", ["hide", "induce"])
@pytest.mark.parametrize("target", [0, 3])
def test_classes_that_exclude_each_other_give_the_ratio_of_torchattacks(direction: Direction, target: int) -> None:
    """Computed from the log-odds that the classifier shows; scaling the network's logits changes nothing."""
    own = torch.randn(32, 5, generator=torch.Generator().manual_seed(0)) * 2
    model = exclusive(5)
    peer = torchattacks.APGD(nn.Linear(1, 1))
    theirs = peer.dlr_loss(own, torch.full((32,), target))
    sign = 1 if direction == "hide" else -1
    for scale in (1, 20):
        odds = log_odds(own * scale)
        ours = _score(model, Goal(target, direction), ApgdParams())(odds)
        np.testing.assert_allclose(ours, -sign * theirs, rtol=1e-3, atol=1e-4)


def log_odds(own: Tensor) -> Tensor:
    """(N, K) logits of a softmax -> log-odds of each class against the rest."""
    rest = [torch.cat([own[:, :k], own[:, k + 1 :]], dim=1).logsumexp(1) for k in range(own.shape[1])]
    return own - torch.stack(rest, dim=1)


def exclusive(labels: int) -> Classifier:
    model = linear_classifier(labels=labels)
    card = dataclasses.replace(model.card, head="exclusive")
    return dataclasses.replace(model, card=card).answering(lambda ask, x: log_odds(ask(x)))


@pytest.mark.parametrize(
    ("model", "params"),
    [
        (linear_classifier(labels=5), ApgdParams()),
        (exclusive(3), ApgdParams()),
        (exclusive(5), ApgdParams(keep_others=True)),
    ],
    ids=["independent", "three classes", "others kept"],
)
def test_elsewhere_it_lowers_the_logit(model: Classifier, params: ApgdParams) -> None:
    goal = Goal(1, "induce")
    assert _score(model, goal, params) == goal.loss


@pytest.mark.parametrize("direction", ["hide", "induce"])
def test_it_changes_the_class_of_an_exclusive_model(direction: Direction) -> None:
    model = exclusive(5)
    clean: Floats = np.random.default_rng(0).random((1, 16, 16), dtype=np.float32)
    probabilities = model.predict(clean).probabilities
    first, second = (int(k) for k in probabilities.argsort()[::-1][:2])
    target = first if direction == "hide" else second
    made = perturb("apgd", model, clean, Goal(target, direction), ApgdParams(epsilon=16))
    after = model.predict(made.perturbed).probabilities
    assert (after.argmax() == target) == (direction == "induce")


def test_later_restarts_begin_at_random() -> None:
    seen: list[Tensor] = []
    model = linear_classifier()
    clean: Floats = np.random.default_rng(0).random((1, 16, 16), dtype=np.float32)
    params = ApgdParams(epsilon=8, steps=2, restarts=2)
    perturb_batch("apgd", model.watched(lambda x, _: seen.append(x)), clean[None], HIDE, params)
    assert len(seen) == 6
    assert np.array_equal(seen[0][0], clean)
    assert 0 < np.abs(seen[3][0].numpy() - clean).max() <= 8.001 / 255
