"""**What it is.** The image is faded in from a baseline without content (black, its mean color, its blurred self, or
random noise), and the gradients on the way are added up, each multiplied by how far its pixel moves.
Positive: this pixel raised the raw score (the logit). Negative: it lowered it.

**What it guarantees.** Completeness: all values add up to the logit of the image minus the logit of the baseline, but
for a gap that is printed with the map. Steps are added where the gap arises until it is small, or no more are allowed.
The same on every run.

**When to distrust it.** Every value is relative to the baseline. With black, a black pixel can't count, though
darkness may be a sign; with the blurred image, what survives the blur can't count; with
noise, every pixel counts, and another seed gives another map. A region that vanishes with another baseline was a
property of the baseline ([doi:10.23915/distill.00022](https://doi.org/10.23915/distill.00022)). A large
gap calls for more steps. The model has never learned from faded pictures.

**Reference.** Sundararajan, Taly, Yan 2017, *Axiomatic attribution for deep networks*,
[arXiv:1703.01365](https://arxiv.org/abs/1703.01365).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from core.classifier import Classifier
from core.gradients import input_gradient
from core.params import Params, param
from explainers._baselines import BASELINES, baseline_image, random_images
from explainers._registry import explainer

BATCH = 16


@dataclass(frozen=True)
class IntegratedGradientsParams(Params):
    """Where the path starts, and how finely it is followed."""

    baseline: str = param("mean", "The image without content to start from.", choices=(*BASELINES, "random"))
    tolerance: float = param(
        10.0,
        "Add steps until the gaps along the path sum to less than this share of the logit's ups and downs on it.",
        low=0.1,
        high=100,
        step=0.1,
        unit="%",
    )
    max_steps: int = param(64, "Most gradients to spend.", low=BATCH, high=1024, step=BATCH)


class Knot(NamedTuple):
    """A point of the path, from baseline (0) to image (1): the logit there, the gradient times the way (h, w), and the
    sum of that, which is how steeply the logit rises."""

    position: float
    logit: float
    heat: Tensor
    slope: float


class Piece(NamedTuple):
    """A part of the path, over which the gradient counts as the mean of those at its ends."""

    start: Knot
    end: Knot

    @property
    def length(self) -> float:
        """As a share of the path."""
        return self.end.position - self.start.position

    @property
    def middle(self) -> float:
        """The position half the way."""
        return (self.start.position + self.end.position) / 2

    @property
    def change(self) -> float:
        """Of the logit, from start to end."""
        return self.end.logit - self.start.logit

    @property
    def gap(self) -> float:
        """By how much the gradients miss the change."""
        return abs(self.length * (self.start.slope + self.end.slope) / 2 - self.change)


def _baseline(x: Tensor, params: IntegratedGradientsParams, rng: torch.Generator) -> Tensor:
    if params.baseline == "random":
        return random_images("noise", x, 1, rng)
    return baseline_image(params.baseline, x)


@explainer(
    name="Integrated gradients",
    signed=True,
    unit="logits",
    reference="arXiv:1703.01365",
    passes=lambda params, _shape: params.max_steps,
    baseline=_baseline,
    needs=("gradient",),
)
def integrated_gradients(
    model: Classifier, x: Tensor, target: int, params: IntegratedGradientsParams, rng: torch.Generator
) -> Tensor:
    """x (1, C, h, w) -> contributions (h, w) to logit(x) - logit(baseline), summed over the channels.

    Trapezoidal rule on BATCH points; then the pieces with the largest gaps are halved, as many at a time.
    """
    baseline = _baseline(x, params, rng)
    difference = x - baseline

    def measured(positions: list[float]) -> list[Knot]:
        share = torch.tensor(positions)[:, None, None, None]
        gradient, logits = input_gradient(model, baseline.lerp(x, share), lambda z: z[:, target])
        heats = (gradient * difference).sum(1)
        rows = zip(positions, logits[:, target].tolist(), heats, heats.sum((1, 2)).tolist(), strict=True)
        return [Knot(*row) for row in rows]

    knots = measured([k / (BATCH - 1) for k in range(BATCH)])
    while True:
        pieces = [Piece(*ends) for ends in pairwise(knots)]
        if len(knots) + BATCH > params.max_steps or _gap(pieces) <= params.tolerance / 100:
            return torch.stack([piece.length / 2 * (piece.start.heat + piece.end.heat) for piece in pieces]).sum(0)
        worst = sorted(pieces, key=lambda piece: piece.gap)[-BATCH:]
        knots = sorted(knots + measured([piece.middle for piece in worst]), key=lambda knot: knot.position)


def _gap(pieces: list[Piece]) -> float:
    """Gaps of all pieces as a share of all changes of the logit, signs ignored."""
    return sum(piece.gap for piece in pieces) / (sum(abs(piece.change) for piece in pieces) or 1)
