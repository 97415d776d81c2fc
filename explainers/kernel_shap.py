"""**What it is.** The picture is cut into pieces along its own edges. The difference between the raw score (the logit)
of the picture and that of a baseline without content is shared out among the pieces: each gets what it adds on average
when it joins the others in any order (its Shapley value), spread evenly over its pixels. Positive: this piece raises
the score. Negative: it lowers it.

**What it guarantees.** Completeness: all values add up to the logit of the picture minus that of the baseline. With few
pieces every combination is tried and the values are exact: two pieces that always add the same get the same, and one
that never adds anything gets nothing. Otherwise they are estimated, and the same seed gives the same map.

**When to distrust it.** The outlines come from the picture, not from the model. With many pieces and few samples the
values are partly chance: repeat it with another seed, and trust what stays. Every value is relative to the baseline.
Most of the combinations that are tried look like no picture the model has learned from.

**Reference.** Lundberg, Lee 2017, *A unified approach to interpreting model predictions*,
[arXiv:1705.07874](https://arxiv.org/abs/1705.07874); pairs of opposite samples after Covert, Lee 2021,
[arXiv:2012.01536](https://arxiv.org/abs/2012.01536).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import Params, param
from explainers._baselines import BASELINES, baseline_image
from explainers._registry import explainer
from explainers._superpixels import BATCH, coalition_logits, superpixels


@dataclass(frozen=True)
class KernelShapParams(Params):
    """How many pieces and pictures, and what covers."""

    superpixels: int = param(49, "Pieces to cut the picture into, about.", low=4, high=256, step=1)
    samples: int = param(
        512, "Most combinations of pieces to try, none and all of them included.", low=BATCH, high=4096, step=BATCH
    )
    baseline: str = param("blurred", "What a covered piece shows.", choices=BASELINES)


@explainer(
    name="KernelSHAP",
    signed=True,
    unit="logits",
    reference="arXiv:1705.07874",
    passes=lambda params, _shape: params.samples,
    baseline=lambda x, params, _rng: baseline_image(params.baseline, x),
)
def kernel_shap(model: Classifier, x: Tensor, target: int, params: KernelShapParams, rng: torch.Generator) -> Tensor:
    """x (1, C, h, w) -> Shapley value (h, w) of the superpixel of each pixel, divided by its area."""
    visible = torch.from_numpy(model.card.input.visible)
    pieces = superpixels(x, params.superpixels, visible)
    areas = pieces[visible].bincount()
    coalitions, weights = weighted_coalitions(len(areas), params.samples - 2, rng)
    ends = torch.tensor([[False], [True]]).expand(2, len(areas))
    baseline = baseline_image(params.baseline, x)
    logits = coalition_logits(model, x, baseline, pieces, torch.cat([ends, coalitions]), target)
    values = shapley_values(coalitions.double(), weights, logits[2:] - logits[0], logits[1] - logits[0])
    return (values / areas).float()[pieces]


def weighted_coalitions(count: int, samples: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Combinations of count pieces (N, count) bool, neither none nor all of them, and what each weighs (N,).

    All of them with the Shapley kernel where that takes no more than samples; otherwise half of them are drawn from the
    kernel, each followed by its opposite.
    """
    sizes = torch.arange(1, count, dtype=torch.float64)
    if 2**count - 2 <= samples:
        coalitions = (torch.arange(1, 2**count - 1)[:, None] >> torch.arange(count)) % 2 == 1
        choices = torch.tensor([math.comb(count, size) for size in range(1, count)], dtype=torch.float64)
        return coalitions, ((count - 1) / (choices * sizes * (count - sizes)))[coalitions.sum(1) - 1]
    pairs = math.ceil(samples / 2)
    drawn = torch.multinomial(1 / (sizes * (count - sizes)), pairs, replacement=True, generator=rng) + 1
    half = torch.rand((pairs, count), generator=rng).argsort(dim=1).argsort(dim=1) < drawn[:, None]
    both = torch.stack([half, ~half], dim=1).flatten(0, 1)
    return both[:samples], torch.ones(samples, dtype=torch.float64)


def shapley_values(coalitions: Tensor, weights: Tensor, gains: Tensor, gain: Tensor) -> Tensor:
    """(N, S), (N,), gains of the coalitions (N,) and of all pieces () over none -> (S,) of the weighted least squares
    fit whose sum is gain. What the samples leave open is shared evenly."""
    even = gain / coalitions.shape[1]
    centered = coalitions - coalitions.mean(1, keepdim=True)  # a solution of smallest norm then sums to zero
    gram = centered.T @ (weights[:, None] * centered)
    moments = centered.T @ (weights * (gains - even * coalitions.sum(1)))
    values: Tensor = even + torch.linalg.pinv(gram, rtol=1e-9, hermitian=True) @ moments
    return values
