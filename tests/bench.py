"""make bench: what the methods cost, as ratios within one run against raw passes and against peers.

Seconds are of this machine; ratios carry over. Each figure is the best of several interleaved repeats, so that a
passing disturbance hits both sides alike.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

import captum.attr
import numpy as np
import torch
import torchattacks
from torch import Tensor, nn

from core.classifier import Classifier
from core.gradients import input_gradient
from core.memory import keep_freed_memory
from core.values import Goal
from explainers import EXPLAINERS, explain
from explainers.integrated_gradients import IntegratedGradientsParams
from explainers.smoothgrad import SmoothGradParams
from imaging.bundled import bundled_cases, load_bundled
from imaging.geometry import geometry_of, to_model
from model_zoo.loading import load_classifier
from perturbations import PERTURBATIONS, perturb, perturb_batch
from perturbations.pgd import PgdParams

REPEATS = 3
STEPS = 10


def best_of(*tasks: Callable[[], object]) -> list[float]:
    """Seconds of each task: the best of REPEATS rounds, after one to warm up."""
    seconds = []
    for round_ in range(REPEATS + 1):
        row = []
        for task in tasks:
            start = time.perf_counter()
            task()
            row.append(time.perf_counter() - start)
        if round_:
            seconds.append(row)
    return np.min(seconds, axis=0).tolist()


class TwoClasses(nn.Module):
    """The one logit z as a softmax pair (0, z), which is all that the peers know."""

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.model = model
        self.network = model.network  # peers look for parameters

    def forward(self, x: Tensor) -> Tensor:
        logits = self.model(x)
        return torch.cat([torch.zeros_like(logits), logits], dim=1)


def row(name: str, seconds: float, against: str, reference: float) -> None:
    """One line: a method, its time, and how many times that is of the reference."""
    sys.stdout.write(f"{name:<44}{seconds * 1000:9.1f} ms   {seconds / reference:6.2f} x {against}\n")


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
        )
        row(f"{STEPS} forward and backward passes, batch {batch}", raw, "itself", raw)
        row(f"PGD, {STEPS} steps, batch {batch}", ours, "raw passes", raw)
        row("  torchattacks PGD", theirs, "ours", ours)

    x = torch.from_numpy(pixels[None])
    forward, both = best_of(lambda: model.predict(pixels), lambda: input_gradient(model, x, goal.loss))
    row("Forward pass", forward, "itself", forward)
    row("Forward and backward pass", both, "forward", forward)
    for method in EXPLAINERS:
        (seconds,) = best_of(lambda method=method: explain(method.key, model, pixels, 0))
        row(method.name, seconds, "forward and backward", both)
    for method in PERTURBATIONS:
        (seconds,) = best_of(lambda method=method: perturb(method.key, model, pixels, goal))
        row(method.name, seconds, "forward and backward", both)

    target_logit = TwoClasses(model)
    ours, theirs = best_of(
        lambda: explain(
            "integrated_gradients", model, pixels, 0, IntegratedGradientsParams(tolerance=0.1, max_steps=48)
        ),
        lambda: captum.attr.IntegratedGradients(target_logit).attribute(x, target=1, n_steps=48),
    )
    row("Captum integrated gradients, 48 steps", theirs, "ours", ours)
    ours, theirs = best_of(
        lambda: explain("smoothgrad", model, pixels, 0, SmoothGradParams(samples=32)),
        lambda: captum.attr.NoiseTunnel(captum.attr.Saliency(target_logit)).attribute(
            x, target=1, nt_samples=32, nt_samples_batch_size=8, stdevs=0.05, abs=False
        ),
    )
    row("Captum SmoothGrad, 32 samples", theirs, "ours", ours)


if __name__ == "__main__":
    main()
