"""Train the denoiser of one classifier: python -m model_zoo.denoise --task cxr_pneumonia --data FOLDER

One script, read from top to bottom. A small network learns to give back pictures of the training split from what was
made of them: noise, nothing, and steps against the gradient of the published classifier. It is judged by the pixels
and, but for noise, by the logits of the frozen classifier (Liao et al. 2018, arXiv:1712.02976): a gray level counts
like a logit. Of all states the one that did best on validation pictures is written. The test split is not touched here.

Legend: B pictures of a batch, C channels, h, w pixels.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from core.classifier import Classifier
from core.errors import SecondLookError
from core.memory import keep_freed_memory
from model_zoo.data import Examples, examples, read_rows, some, with_phantoms
from model_zoo.denoisers import CHANGES, FOLDER, Denoiser, write_denoiser
from model_zoo.loading import load_classifier
from model_zoo.measures import mean_interval
from model_zoo.tasks import Adversary, Task, load_task, task_keys
from model_zoo.train import State, attacked, rate_at, say

Measured: TypeAlias = dict[str, dict[str, Tensor]]

NOISE = 8.0  # largest standard deviation, or reach, /255
EPSILON, WALK = 2.0, 2  # largest reach of a gradient change, /255, and most steps of it
PICTURES, BATCH = 600, 8  # to learn from, and at once
RATE = 3e-3
ROUNDS, VALIDATION = 4, 32  # how often validation pictures are asked, and how many


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m model_zoo.denoise", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--task", required=True, choices=task_keys())
    parser.add_argument("--data", required=True, type=Path, help="folder with labels.csv and the pictures it names")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder for weights and record (default: the app's)")
    parser.add_argument("--steps", type=int, default=200, help=f"batches of {BATCH} pictures to learn from")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    try:
        model = load_classifier(options.task)
        denoiser, made = train(load_task(options.task), model, options.data, options.steps, options.seed)
        write_denoiser(model.card, denoiser, made, options.out)
    except SecondLookError as error:
        sys.exit(str(error))


def train(task: Task, model: Classifier, data: Path, steps: int, seed: int) -> tuple[Denoiser, Mapping[str, Any]]:
    """The denoiser of a model of this task, and what is known of it: how far validation pictures are from the clean
    ones after each of CHANGES, and when it was taken back; see measured()."""
    started, generator = time.monotonic(), Generator().manual_seed(seed)
    rows = read_rows(data, task)
    training = with_phantoms(examples(some(rows, "train", PICTURES, seed), "train", task), task)
    validation = examples(some(rows, "val", VALIDATION, seed), "val", task)
    say(f"{task.key}: {len(training.weights)} pictures to train on, {len(validation.weights)} to validate", started)

    torch.manual_seed(seed)  # the first weights are drawn from the global generator
    denoiser = Denoiser(task.input)
    optimizer = torch.optim.AdamW(denoiser.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate_at(step / steps))
    clean, finding = pictures(validation, np.arange(len(validation.weights)))
    versions = {change: changed(model, clean, finding, change, generator) for change in CHANGES}
    before = measured(model, versions, clean)
    best, after, kept = total(before), before, copied(denoiser)  # untrained, it gives back what it is shown

    for step in range(1, steps + 1):
        chosen = torch.multinomial(torch.from_numpy(training.weights), BATCH, True, generator=generator)
        x, finding = pictures(training, chosen.numpy())  # (B, C, h, w), (B,)
        parts = zip(CHANGES, x.chunk(len(CHANGES)), finding.chunk(len(CHANGES)), strict=True)
        seen = torch.cat([changed(model, part, truth, change, generator) for change, part, truth in parts])
        cleaned, half = denoiser(seen), BATCH // 2
        with torch.no_grad():
            answers = model(x[half:])
        loss = F.smooth_l1_loss(255 * cleaned, 255 * x) + F.smooth_l1_loss(model(cleaned[half:]), answers)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
        if step % max(1, steps // ROUNDS) == 0:
            with torch.no_grad():
                found = measured(model, {change: denoiser(version) for change, version in versions.items()}, clean)
            say(f"step {step}/{steps} loss {loss.item():.2f} validation {total(found):.2f}", started, step / steps)
            if total(found) < best:
                best, after, kept = total(found), found, copied(denoiser)
    denoiser.load_state_dict(kept)
    sides = {"changed": before, "cleaned": after}
    apart = {
        change: {side: summarized(found[change], validation.groups) for side, found in sides.items()}
        for change in CHANGES
    }
    recipe = {"task": task.key, "steps": steps, "batch": BATCH, "noise": NOISE, "epsilon": EPSILON, "seed": seed}
    return denoiser, {"validation": apart, "n": len(clean), "recipe": recipe}


def pictures(data: Examples, chosen: Any) -> tuple[Tensor, Tensor]:
    """Those chosen, (B, C, h, w) in [0, 1], and whether they show the finding (B,)."""
    return torch.from_numpy(data.images[chosen]).float() / 255, torch.from_numpy(data.targets[chosen, 0])


def changed(model: Classifier, x: Tensor, finding: Tensor, change: str, generator: Generator) -> Tensor:
    """x (B, C, h, w) in [0, 1] after one of CHANGES, of random size. Steps of the gradient go against the truth: they
    hide the finding where it is (B,) and induce it where it is not."""
    if change == "none":
        return x
    if change == "gradient":
        epsilon = EPSILON * torch.rand(1, generator=generator).item()
        steps = int(torch.randint(1, WALK + 1, (1,), generator=generator))
        adversary = Adversary("pgd", params={"epsilon": epsilon, "steps": steps})
        return attacked(model.network, x, finding, adversary, 1.0, generator)  # type: ignore[arg-type]
    size = NOISE / 255 * torch.rand(len(x), 1, 1, 1, generator=generator)
    if change == "gaussian":
        return (x + size * torch.randn(x.shape, generator=generator)).clamp(0, 1)
    return (x + size * (2 * torch.rand(x.shape, generator=generator) - 1)).clamp(0, 1)


def measured(model: Classifier, versions: Mapping[str, Tensor], clean: Tensor) -> Measured:
    """How far each picture of each version is from clean, both (N, C, h, w): the means of its absolute differences of
    pixels (/255), and of logits, (N,) each."""
    found = {}
    with torch.no_grad():
        answers = model(clean)
        for change, version in versions.items():
            pixels, logits = 255 * (version - clean).abs().mean(dim=(1, 2, 3)), (model(version) - answers).abs()
            found[change] = {"pixels_255": pixels, "logits": logits.mean(dim=1)}
    return found


def total(found: Measured) -> float:
    """What a denoiser is judged by: gray levels and logits, over all changes."""
    return sum(each.mean().item() for distances in found.values() for each in distances.values())


def summarized(distances: Mapping[str, Tensor], groups: Sequence[str]) -> dict[str, Any]:
    """The mean of each distance (N,), and its 95 % interval over groups of pictures, of length N."""
    return {
        name: {
            "value": round(each.mean().item(), 4),
            "interval": [round(bound, 4) for bound in mean_interval(each.numpy(), groups)],
        }
        for name, each in distances.items()
    }


def copied(denoiser: Denoiser) -> State:
    """Its weights as they are now."""
    return {name: tensor.clone() for name, tensor in denoiser.state_dict().items()}


if __name__ == "__main__":
    keep_freed_memory()
    main()
