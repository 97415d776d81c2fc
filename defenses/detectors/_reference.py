"""Features of clean pictures, for detectors that ask how unusual those of another picture are."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.errors import InputError, Unsupported
from core.progress import Meter, Report
from core.values import Floats

BATCH = 16
LEAST = 2  # of pictures, for one to have a neighbor


@dataclass(frozen=True, eq=False)
class Reference:
    """features (M, D) of clean pictures, flagged (M,) whether label number target is, and spread, the median distance
    of a picture's features to those of its nearest neighbor."""

    target: int
    features: Tensor
    flagged: Tensor
    spread: float


def fit(
    model: Classifier,
    pixels: Floats,
    target: int = 0,
    *,
    report: Report | None = None,
    cancel: threading.Event | None = None,
) -> Reference:
    """The reference of clean pictures (M, C, h, w) in [0, 1] that are neither judged nor used to set a threshold.

    Raises Unsupported where the model has no feature map, InputError for less than two pictures or those that don't fit
    the model, and Cancelled at the next pass once cancel is set.
    """
    if "feature map" not in model.offers:
        raise Unsupported("Reference", "needs a feature map, which this model does not offer", "Choose another model.")
    model.check(pixels, target)
    if len(pixels) < LEAST:
        raise InputError("Reference", f"needs {LEAST} pictures, not {len(pixels)}", "Give more clean pictures.")
    watched = model.watched(Meter(len(pixels), report, cancel))
    with torch.no_grad():
        batches = [embedded(watched, batch) for batch in torch.split(torch.tensor(pixels), BATCH)]
        features, logits = (torch.cat(parts) for parts in zip(*batches, strict=True))
        nearest = squared_distances(features, features).fill_diagonal_(torch.inf).amin(dim=1)
        return Reference(target, features, flagged(model, logits, target), float(nearest.sqrt().quantile(0.5)))


def embedded(model: Classifier, x: Tensor) -> tuple[Tensor, Tensor]:
    """(N, C, h, w) -> (features (N, D), logits (N, K)) of one pass: the mean of each channel of the last feature map,
    which is what the last layer of most networks weighs."""
    maps: list[Tensor] = []
    logits = model.showing(maps.append)(x)
    return maps[0].mean(dim=(2, 3)), logits


def flagged(model: Classifier, logits: Tensor, target: int) -> Tensor:
    """(N, K) logits -> (N,) whether label number target is flagged."""
    return torch.sigmoid(logits[:, target] / model.card.scale) >= float(model.thresholds[target])


def squared_distances(features: Tensor, others: Tensor) -> Tensor:
    """(N, D) and (M, D) -> (N, M), with a gradient that is finite also between equals."""
    return torch.stack([(others - one).square().sum(dim=1) for one in features])
