"""Changes that mislead a model on many images: computed from validation pictures, measured on the test split.

Gradient signs are added up over batches of pictures, each pushed away from the decision as it stands (Shafahi et al.
2020, arXiv:1811.11304). Hiding and inducing have a change each: one that does both by its sign does neither well.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from core.classifier import Classifier
from core.gradients import input_gradient
from core.progress import Report
from core.values import Direction, Floats, Goal, Mask, ModelCard, Score
from evaluation.benchmark import batches_of
from evaluation.split import Split
from model_zoo import universal
from model_zoo.measures import Array, rate_interval
from perturbations import perturb_batch
from perturbations.universal import UniversalParams

BATCH = 16
ROUNDS = 20
FIRST_STRIDE, LAST_STRIDE = 0.3, 0.03  # in shares of the largest change
EPSILONS = (1.0, 2.0, 4.0)


@dataclass(frozen=True)
class Flips:
    """How often decisions flip at epsilon (/255): {"hide": of pictures that are flagged, "induce": of those that are
    not}, under the changes, and under those of equal size whose signs are random."""

    epsilon: float
    change: Mapping[Direction, Score]
    control: Mapping[Direction, Score]


def universal_changes(
    model: Classifier,
    images: Floats,
    epsilon: float,
    *,
    target: int = 0,
    rounds: int = ROUNDS,
    seed: int = 0,
    report: Report | None = None,
) -> Floats:
    """(2, C, h, w) of largest value 1, to be multiplied by epsilon / 255, from images (N, C, h, w) in [0, 1].

    The first hides, and is made from the images that are flagged, the second induces, from the others; nothing where
    there are none. An image counts the less, the more it is misled already.
    """
    flagged = flagged_by(model, images, target)
    edge = float(model.edges[target])
    rng, done = np.random.default_rng(seed), 0
    made = []
    for members, sign in ((images[flagged], -1), (images[~flagged], 1)):
        change = torch.zeros(images.shape[1:])
        parts = [part for _ in range(rounds) for part in _shuffled(len(members), rng)]
        for step, part in enumerate(parts):

            def loss(logits: Tensor, sign: int = sign) -> Tensor:
                return softplus(-sign * (logits[:, target] - edge))

            shown = (torch.from_numpy(members[part]) + epsilon / 255 * change).clamp(0, 1)
            gradient, _ = input_gradient(model, shown, loss)
            stride = FIRST_STRIDE + (LAST_STRIDE - FIRST_STRIDE) * step / len(parts)
            change = (change - stride * gradient.sum(dim=0).sign()).clamp(-1, 1)
            done += len(part)
            if report is not None:
                report(done / (rounds * len(images)))
        made.append(change / change.abs().max().clamp(min=LAST_STRIDE))
    found: Floats = torch.stack(made).numpy()
    return found


def flip_rates(
    model: Classifier,
    test: Split,
    changes: Floats,
    *,
    target: int = 0,
    epsilons: Sequence[float] = EPSILONS,
    seed: int = 0,
    report: Report | None = None,
) -> list[Flips]:
    """What changes (2, C, h, w) do to the decisions on other pictures, with 95 % intervals over their groups."""
    rng, flagged = np.random.default_rng(seed), flagged_by(model, test.images, target)
    made = []
    for number, epsilon in enumerate(epsilons):
        params, flipped = UniversalParams(epsilon), np.zeros((2, len(flagged)), dtype=np.bool_)
        for members in batches_of(flagged, BATCH):
            goal = Goal(target, "hide" if flagged[members[0]] else "induce")
            control = changes * rng.choice(np.array([-1, 1], dtype=np.float32), changes.shape)
            for row, used in zip(flipped, (changes, control), strict=True):
                armed = dataclasses.replace(model, universal=_always(used))
                perturbed = perturb_batch("universal", armed, test.images[members], goal, params)
                row[members] = [goal.reached(answer) for answer in model.predict_batch(perturbed)]
        made.append(Flips(epsilon, *(_rates(row, flagged, test.groups) for row in flipped)))
        if report is not None:
            report((number + 1) / len(epsilons))
    return made


def flips_of(card: ModelCard) -> tuple[Flips, ...]:
    """What was measured of the changes that are shipped for the model with this card; nothing where there are none.
    Raises ModelError where the record is damaged."""
    flips = universal.SHIPPED.record(card, universal.FOLDER, lambda record: tuple(map(_flips, record["flips"])))
    return flips or ()


def flagged_by(model: Classifier, images: Floats, target: int) -> Mask:
    """(N,) whether model flags target on each of images (N, C, h, w)."""
    parts = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
    return np.array([answer.positive[target] for part in parts for answer in model.predict_batch(part)])


def _flips(row: Mapping[str, Any]) -> Flips:
    def scores(prefix: str) -> dict[Direction, Score]:
        ways: tuple[Direction, ...] = ("hide", "induce")
        return {way: _score(row[prefix + way]) for way in ways if prefix + way in row}

    return Flips(float(row["epsilon"]), scores(""), scores("control_"))


def _score(kept: Mapping[str, Any]) -> Score:
    around = kept["interval"]
    return Score(float(kept["value"]), "", None, None if around is None else (around[0], around[1]), int(kept["n"]))


def _rates(flipped: Mask, flagged: Mask, groups: Array) -> dict[Direction, Score]:
    ways: dict[Direction, Mask] = {"hide": flagged, "induce": ~flagged}
    return {
        way: Score(float(flipped[of].mean()), "", None, rate_interval(flipped[of], groups[of]), int(of.sum()))
        for way, of in ways.items()
        if of.any()
    }


def _shuffled(count: int, rng: np.random.Generator) -> list[Array]:
    order = rng.permutation(count)
    return [order[start : start + BATCH] for start in range(0, count, BATCH)]


def _always(changes: Floats) -> Callable[[], Floats]:
    return lambda: changes
