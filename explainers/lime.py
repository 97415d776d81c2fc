"""**What it is.** The picture is cut into pieces along its own edges. Again and again a random half of the pieces is
covered and the model is asked. Its raw scores (the logits) are then imitated by a simple sum with one value for each
piece; pictures that are less covered count more. Positive: this piece raises the score. Negative: it lowers it.

**What it guarantees.** The same seed gives the same map. If the score were a plain sum over pieces, enough samples
would find the terms of that sum, drawn a little toward zero by the fit.

**When to distrust it.** The outlines come from the picture, not from the model. With few samples the values are partly
chance: repeat it with another seed, and trust what stays. Pieces that matter only together can't be told apart from
pieces that matter alone. The model has never learned from pictures with pieces missing; try another fill.

**Reference.** Ribeiro, Singh, Guestrin 2016, *"Why should I trust you?": explaining the predictions of any classifier*,
[arXiv:1602.04938](https://arxiv.org/abs/1602.04938).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import Params, param
from explainers._baselines import BASELINES, baseline_image
from explainers._registry import explainer
from explainers._superpixels import BATCH, coalition_logits, superpixels

WIDTH = 0.25
"""Of the kernel over the cosine distance to the whole picture, as in the authors' code."""
PENALTY = 1.0
"""Of the squared coefficients, as in the authors' code."""


@dataclass(frozen=True)
class LimeParams(Params):
    """How many pieces and pictures, and what covers."""

    superpixels: int = param(49, "Pieces to cut the picture into, about.", low=4, high=256, step=1)
    samples: int = param(512, "Pictures to try, with random pieces covered.", low=BATCH, high=4096, step=BATCH)
    fill: str = param("blurred", "What a covered piece shows.", choices=BASELINES)


@explainer(
    name="LIME",
    signed=True,
    unit="logits / piece",
    reference="arXiv:1602.04938",
    passes=lambda params, _shape: params.samples,
)
def lime(model: Classifier, x: Tensor, target: int, params: LimeParams, rng: torch.Generator) -> Tensor:
    """x (1, C, h, w) -> coefficient (h, w) of the superpixel of each pixel in a weighted ridge regression."""
    pieces = superpixels(x, params.superpixels, torch.from_numpy(model.card.input.visible))
    coalitions = sampled(params.samples, int(pieces.max()) + 1, rng)
    logits = coalition_logits(model, x, baseline_image(params.fill, x), pieces, coalitions, target)
    return ridge(coalitions.double(), logits, kernel(coalitions)).float()[pieces]


def sampled(samples: int, count: int, rng: torch.Generator) -> Tensor:
    """(samples, count) bool: first the whole picture, then each piece seen or covered with equal chance."""
    coalitions = torch.rand((samples, count), generator=rng) < 0.5
    coalitions[0] = True
    return coalitions


def kernel(coalitions: Tensor) -> Tensor:
    """(N, S) bool -> (N,) how much each picture counts, by its cosine distance to the whole one."""
    distance = 1 - coalitions.double().mean(1).sqrt()
    return (-((distance / WIDTH) ** 2)).exp().sqrt()


def ridge(features: Tensor, values: Tensor, weights: Tensor) -> Tensor:
    """(N, S), (N,), (N,) -> coefficients (S,) of the weighted fit with a free constant."""
    share = weights / weights.sum()
    centered = features - share @ features
    gram = centered.T @ (weights[:, None] * centered) + PENALTY * torch.eye(features.shape[1], dtype=features.dtype)
    coefficients: Tensor = torch.linalg.solve(gram, centered.T @ (weights * (values - share @ values)))
    return coefficients
