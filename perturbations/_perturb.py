"""perturb(): runs a method, checks what every method promises, and counts success on the image as returned."""

from __future__ import annotations

import threading
import time

import numpy as np
import torch
from torch import Tensor

from core.classifier import Classifier
from core.errors import BrokenPromise
from core.params import Params
from core.progress import Meter, Report
from core.values import Floats, Goal, Mask, Perturbation
from perturbations._keeping import Keeping
from perturbations._norms import measure_norms
from perturbations._registry import PERTURBATIONS, PerturbationMethod
from perturbations._survival import survival
from perturbations._trajectory import Trajectory

SURVIVAL_PASSES = 3
ROUNDING = 1e-6  # slack of the promised bounds: several float32 steps at 1.0


def perturb(
    key: str,
    model: Classifier,
    pixels: Floats,
    goal: Goal,
    params: Params | None = None,
    *,
    judge: Classifier | None = None,
    seed: int = 0,
    region: Mask | None = None,
    saving: bool = True,
    report: Report | None = None,
    cancel: threading.Event | None = None,
) -> Perturbation:
    """Perturb pixels (C, h, w) float32 in [0, 1], in the model frame, with the method called key.

    params default to the method's own. judge decides what is reached, where it is not the model itself. region (h, w)
    bool holds the only pixels that may change; the method is shown a model that sees the clean picture outside. saving:
    whether success is also counted on what saving leaves. report gets the share done in [0, 1]. Raises UnknownName,
    Unsupported, InputError, ParameterError, BrokenPromise, and Cancelled at the next pass once cancel is set.
    """
    method = PERTURBATIONS[key]
    params = method.checked(params)
    method.require(model.offers)
    model.check(pixels[None], goal.target)
    model.check_region(region)
    channels, height, width = pixels.shape
    passes = method.passes(params, (channels, height, width))
    model, checking = model.recalling(), SURVIVAL_PASSES if saving else 1
    judge = model if judge is None else judge.recalling()
    meter = Meter(passes + _keeps_others(model, params) + checking, report, cancel)
    start = time.perf_counter()
    aim = _aim(method, model.watched(meter, meter.aside), pixels[None], goal, params)
    restarts, averaged = getattr(params, "restarts", 1), getattr(params, "averaged", 1)
    trajectory = Trajectory(aim, passes // restarts // averaged, averaged)

    def follow(x: Tensor, logits: Tensor) -> None:
        meter(x, logits)
        if method.iterative:
            trajectory.answer(logits)

    watched = model.watched(follow, meter.aside)
    if method.iterative:
        watched = trajectory.watched(watched)
    perturbed = _run(method, watched, pixels[None], aim, params, seed, region)[0]
    seconds = time.perf_counter() - start
    queries = meter.images
    meter.expected = queries + meter.others + checking  # a search may end early
    return Perturbation(
        method=key,
        params=params.as_dict(),
        goal=goal,
        seed=seed,
        clean=pixels,
        perturbed=perturbed,
        norms=measure_norms(pixels, perturbed),
        reached=survival(judge.watched(meter), perturbed, goal, saving=saving),
        queries=queries,
        seconds=seconds,
        trajectory=trajectory.steps,
        region=region,
    )


def perturb_batch(
    key: str,
    model: Classifier,
    pixels: Floats,
    goal: Goal,
    params: Params | None = None,
    *,
    seed: int = 0,
    region: Mask | None = None,
) -> Floats:
    """Perturb pixels (N, C, h, w) towards one goal, under the same checks as perturb(); the same shape comes back.

    region (h, w) is the same for all.
    """
    method = PERTURBATIONS[key]
    params = method.checked(params)
    method.require(model.offers)
    model.check(pixels, goal.target)
    model.check_region(region)
    return _run(method, model, pixels, _aim(method, model, pixels, goal, params), params, seed, region)


def _keeps_others(model: Classifier, params: Params) -> bool:
    return len(model.card.labels) > 1 and getattr(params, "keep_others", False)


def _aim(method: PerturbationMethod, model: Classifier, pixels: Floats, goal: Goal, params: Params) -> Goal:
    """The goal as the method is to seek it; where others are to be kept, one pass says where they are."""
    if not _keeps_others(model, params):
        return goal
    asked = model.surrogate() if "surrogate" in method.needs and model.surrogate is not None else model
    with torch.no_grad():
        return Keeping(goal.target, goal.direction, asked(torch.tensor(pixels)))


def _run(
    method: PerturbationMethod,
    model: Classifier,
    pixels: Floats,
    goal: Goal,
    params: Params,
    seed: int,
    region: Mask | None,
) -> Floats:
    if region is not None:
        inside, clean = torch.tensor(region), torch.tensor(pixels)
        model = model.through(lambda x: torch.where(inside, x, clean.repeat(len(x) // len(clean), 1, 1, 1)))
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        perturbed: Floats = method.function(model, torch.tensor(pixels), goal, params, rng).numpy(force=True)
    _check_shape(method, pixels, perturbed)
    if region is not None:
        perturbed = np.where(region, perturbed, pixels)
    _check_promises(method, params, pixels, perturbed)
    return perturbed


def _check_shape(method: PerturbationMethod, clean: Floats, perturbed: Floats) -> None:
    if perturbed.shape != clean.shape or perturbed.dtype != np.float32:
        raise _refusal(method, f"returned {perturbed.shape} {perturbed.dtype}, promised {clean.shape} float32")


def _check_promises(method: PerturbationMethod, params: Params, clean: Floats, perturbed: Floats) -> None:
    if not np.isfinite(perturbed).all():
        raise _refusal(method, "returned values that are not finite")
    if perturbed.min() < 0 or perturbed.max() > 1:
        raise _refusal(method, f"returned values in [{perturbed.min():g}, {perturbed.max():g}], promised [0, 1]")
    if method.norm is not None:
        epsilon, change = float(params.as_dict()["epsilon"]), perturbed - clean
        if method.norm == "linf":
            size, what = float(np.abs(change).max()), "changed a pixel"
        else:
            size, what = float(np.sqrt(np.square(change).mean(axis=(1, 2, 3)).max())), "changed the root mean square"
        if size > epsilon / 255 + ROUNDING:
            raise _refusal(method, f"{what} by {size * 255:g}/255, promised at most {epsilon:g}/255")


def _refusal(method: PerturbationMethod, why: str) -> BrokenPromise:
    return BrokenPromise(f"Perturbation {method.name}", why, "This is a fault of the method; choose another one.")
