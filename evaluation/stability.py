"""How sure a map is: made again on copies of the picture that no reader could tell from it, and with other models."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.classifier import Classifier
from core.errors import UnknownName
from core.progress import Report
from core.values import Attribution, Floats, Mask
from evaluation.agreement import rank_matrix, ranks
from evaluation.progress import part
from explainers import EXPLAINERS, explain

HALF_LEVEL = 0.5 / 255  # what rounding to 8 bits changes a value by, at most
HOLDS = 0.95  # share of the maps
NEAR = 0.1  # of all ranks


@dataclass(frozen=True, eq=False)
class Stability:
    """What several maps of one picture have in common.

    mean and deviation (h, w), in the unit of the map: mean and standard deviation over the maps; stable (h, w): where
    in at least 95 % of the maps the sign is that of the mean (signed maps), or the rank within a tenth of all ranks of
    the mean rank (others, and then nowhere if one of the maps is the same everywhere); chance: the share of the pixels
    that would be stable if the maps had nothing to do with each other, which is a third to a half for two maps;
    rank_correlation: the mean over all pairs, nan if one of the maps is the same everywhere; maps: how many there are.
    """

    mean: Floats
    deviation: Floats
    stable: Mask
    chance: float
    rank_correlation: float
    maps: int


def under_rounding(
    model: Classifier,
    pixels: Floats,
    attribution: Attribution,
    *,
    draws: int = 16,
    seed: int = 0,
    report: Report | None = None,
    cancel: threading.Event | None = None,
) -> Stability:
    """How attribution, made by explain() with this model on pixels (C, h, w), moves when each value of the picture
    moves by as much as rounding to 8 bits can move it: uniformly within half a gray level. The method keeps its seed.

    Raises what explain() raises, and Cancelled at the next pass once cancel is set.
    """
    rng, heats = np.random.default_rng(seed), list[Floats]()
    for draw in range(draws):
        noise = rng.uniform(-HALF_LEVEL, HALF_LEVEL, pixels.shape).astype(np.float32)
        noisy = (pixels + noise).clip(0, 1)
        share = part(report, draw / draws, 1 / draws)
        heats.append(_made_again(attribution, model, noisy, attribution.target, attribution.against, share, cancel))
    return stability(heats, attribution.signed, _seen(model, attribution))


def across_models(
    models: Sequence[Classifier],
    pixels: Floats,
    attribution: Attribution,
    *,
    report: Report | None = None,
    cancel: threading.Event | None = None,
) -> Stability:
    """How attribution, made by explain() with the first model on pixels (C, h, w), differs from what the same method
    says of the other models, for the labels of the same name.

    Logits of two models have no scale in common, so each map is first scaled to the mean strength of the first. Raises
    UnknownName for a model without the label, InputError for one that takes pictures of another size, what explain()
    raises, and Cancelled at the next pass once cancel is set.
    """
    first, *others = models
    heats, wanted = [attribution.heat], np.abs(attribution.heat).mean()
    for number, model in enumerate(others):
        target = _same_label(first, model, attribution.target)
        against = None if attribution.against is None else _same_label(first, model, attribution.against)
        share = part(report, number / len(others), 1 / len(others))
        heat = _made_again(attribution, model, pixels, target, against, share, cancel)
        strength = np.abs(heat).mean()
        heats.append(heat * (wanted / strength) if strength > 0 else heat)
    return stability(heats, attribution.signed, _seen(first, attribution))


def stability(heats: Sequence[Floats], signed: bool, seen: Mask) -> Stability:
    """What the maps (h, w) of one picture have in common at the pixels seen (h, w); elsewhere nothing is stable."""
    stack = np.stack(heats)
    order = stack[:, seen] if signed else ranks(heats, seen)
    shuffled = np.random.default_rng(0).permuted(order, axis=1)
    stable = np.zeros(seen.shape, np.bool_)
    stable[seen] = _holds(order, signed)
    return Stability(
        mean=stack.mean(axis=0),
        deviation=stack.std(axis=0),
        stable=stable,
        chance=float(_holds(shuffled, signed).mean()),
        rank_correlation=float(rank_matrix(heats, seen)[np.triu_indices(len(heats), 1)].mean()),
        maps=len(heats),
    )


def _holds(order: npt.NDArray[np.floating], signed: bool) -> Mask:
    """(n, p) heat of signed maps, or ranks of others -> (p,) whether the sign, or the rank, is that of the mean."""
    mean = order.mean(axis=0)
    alike = np.sign(order) == np.sign(mean) if signed else np.abs(order - mean) <= NEAR
    holds: Mask = alike.mean(axis=0) >= HOLDS
    return holds


def _made_again(
    attribution: Attribution,
    model: Classifier,
    pixels: Floats,
    target: int,
    against: int | None,
    report: Report | None,
    cancel: threading.Event | None,
) -> Floats:
    return explain(
        attribution.method,
        model,
        pixels,
        target,
        EXPLAINERS[attribution.method].params(**attribution.params),
        against=against,
        seed=attribution.seed,
        region=attribution.region,
        report=report,
        cancel=cancel,
    ).heat


def _same_label(first: Classifier, other: Classifier, target: int) -> int:
    label, known = first.card.labels[target], other.card.labels
    if label not in known:
        raise UnknownName(f"Label {label!r}", f"is not one of {other.card.key}", f"It has: {', '.join(known)}.")
    return known.index(label)


def _seen(model: Classifier, attribution: Attribution) -> Mask:
    visible = model.card.input.visible
    return visible if attribution.region is None else visible & attribution.region
