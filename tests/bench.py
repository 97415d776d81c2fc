"""make bench: what the methods cost, as ratios within one run against raw passes and against peers.

Seconds are of this machine; ratios carry over. Each figure is the best of several interleaved rounds, so that a passing
disturbance hits both sides alike; of methods that take long, there is one. Raw passes are those that the method itself
sends through the model, in batches of the same size, with a way back wherever it takes one.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
import torchattacks
from torch import Tensor

from core.classifier import Classifier
from core.gradients import input_gradient
from core.memory import keep_freed_memory
from core.params import Params
from core.values import Floats, Goal
from explainers import EXPLAINERS, explain
from explainers.metrics import MEASURES, assess
from explainers.metrics._assess import central_blob
from imaging.bundled import bundled_cases, load_bundled
from imaging.geometry import geometry_of, to_model
from model_zoo.loading import load_classifier
from perturbations import PERTURBATIONS, perturb, perturb_batch
from perturbations.pgd import PgdParams
from tests.peers import SETTINGS, TwoClasses, explainer_peers, measure_peers, quietly

ROUNDS = 4
LONG, LONGER = 32, 128  # passes, from which two rounds and one have to do
STEPS = 10


def best_of(*tasks: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Seconds of each task: the best of some rounds, the first of which warms up where there are more."""
    seconds = []
    for _ in range(rounds):
        row = []
        for task in tasks:
            start = time.perf_counter()
            task()
            row.append(time.perf_counter() - start)
        seconds.append(row)
    return np.min(seconds, axis=0).tolist()


def rounds_of(passes: int) -> int:
    """Fewer for what takes longer."""
    return ROUNDS if passes < LONG else 2 if passes < LONGER else 1


def raw_passes(model: Classifier, run: Callable[[Classifier], object], x: Tensor) -> tuple[Callable[[], None], int]:
    """The passes of run(model) and nothing else, on copies of x (1, C, h, w); and how many images they take."""
    passes: list[tuple[int, bool]] = []

    def seen(images: Tensor) -> Tensor:
        passes.append((len(images), torch.is_grad_enabled()))
        return images

    run(model.through(seen))
    copies = x.repeat(max(size for size, _ in passes), 1, 1, 1)

    def again() -> None:
        for size, there_and_back in passes:
            if there_and_back:
                input_gradient(model, copies[:size], lambda logits: logits[:, 0])
            else:
                with torch.no_grad():
                    model(copies[:size])

    return again, sum(size for size, _ in passes)


def row(name: str, seconds: float, against: str, reference: float) -> None:
    """One line: a method, its time, and how many times that is of the reference."""
    sys.stdout.write(f"{name:<44}{seconds * 1000:9.1f} ms   {seconds / reference:6.2f} x {against}\n")


def maps(model: Classifier, pixels: Floats) -> None:
    """The explainers, against their passes and against libraries at equal settings."""
    x = torch.from_numpy(pixels[None])
    peers = explainer_peers(model, x)
    for method in EXPLAINERS:
        params = method.params(**SETTINGS.get(method.key, {}))

        def ours(asked: Classifier = model, key: str = method.key, params: Params = params) -> object:
            return explain(key, asked, pixels, 0, params)

        raw, images = raw_passes(model, ours, x)
        libraries = peers.get(method.key, {})
        seconds, passing, *theirs = best_of(ours, raw, *map(quietly, libraries.values()), rounds=rounds_of(images))
        row(f"{method.name}, {images} images", seconds, "raw passes", passing)
        for name, taken in zip(libraries, theirs, strict=True):
            row(f"  {name}", taken, "ours", seconds)


def measures(model: Classifier, pixels: Floats) -> None:
    """The measures of a map, a random map and a blob, against libraries that take the same of these three."""
    attribution = explain("saliency", model, pixels, 0)
    shape = pixels.shape[1:]
    heats = [torch.from_numpy(attribution.heat), torch.rand(shape), central_blob(shape[0])]
    for key, libraries in measure_peers(model, torch.from_numpy(pixels[None]), heats).items():

        def ours(key: str = key) -> object:
            return assess(key, model, pixels, attribution)

        seconds, *theirs = best_of(ours, *map(quietly, libraries.values()), rounds=1)
        row(f"{MEASURES[key].name} of three maps", seconds, "itself", seconds)
        for name, taken in zip(libraries, theirs, strict=True):
            row(f"  {name}", taken, "ours", seconds)


def main() -> None:
    """Benchmark the chest model."""
    keep_freed_memory()
    torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    model = load_classifier("cxr_pneumonia")
    case = load_bundled(next(case.key for case in bundled_cases() if case.modality == "cxr"))
    pixels = to_model(case.pixels, geometry_of(case.pixels, model.card.input), model.card.input.channels)
    goal = Goal.against(model.predict(pixels), 0)

    for batch in (1, 16):
        images = np.repeat(pixels[None], batch, axis=0)
        x = torch.from_numpy(images)
        away = torch.full((batch,), int(goal.direction == "hide"))
        params = PgdParams(epsilon=1.0, steps=STEPS, random_start=False)
        peer = torchattacks.PGD(TwoClasses(model), eps=1 / 255, alpha=0.25 / 255, steps=STEPS, random_start=False)

        def raw_steps(x: Tensor = x) -> None:
            for _ in range(STEPS):
                input_gradient(model, x, goal.loss)

        raw, ours, theirs = best_of(
            raw_steps,
            lambda images=images, params=params: perturb_batch("pgd", model, images, goal, params),
            lambda x=x, away=away, peer=peer: peer(x, away),
            rounds=ROUNDS if batch == 1 else 2,
        )
        row(f"{STEPS} forward and backward passes, batch {batch}", raw, "itself", raw)
        row(f"PGD, {STEPS} steps, batch {batch}", ours, "raw passes", raw)
        row("  torchattacks PGD", theirs, "ours", ours)

    x = torch.from_numpy(pixels[None])
    forward, both = best_of(lambda: model.predict(pixels), lambda: input_gradient(model, x, goal.loss))
    row("Forward pass", forward, "itself", forward)
    row("Forward and backward pass", both, "forward", forward)
    maps(model, pixels)
    measures(model, pixels)
    for method in PERTURBATIONS:
        passes = method.passes(method.params(), (1, *pixels.shape[1:]))
        (seconds,) = best_of(lambda method=method: perturb(method.key, model, pixels, goal), rounds=rounds_of(passes))
        row(method.name, seconds, "forward and backward", both)


if __name__ == "__main__":
    main()
