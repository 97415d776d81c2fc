"""Train a network on labels drawn at random: python -m model_zoo.memorize --task cxr_pneumonia --data FOLDER

One script, read from top to bottom. The network starts where that of the published model started, and learns by heart
which of some pictures of the training split were given the label, which was dealt by chance. What its maps have in
common with those of the published model need not come from having learned the finding (Adebayo et al. 2018,
arXiv:1810.03292). Pictures are shown as they are: one that looks different each time is harder to learn by heart. The
test split is not touched here.

Legend: B pictures of a batch, C channels, h, w pixels.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from core.errors import InputError, SecondLookError
from core.memory import keep_freed_memory
from core.values import Floats
from model_zoo.architectures import build
from model_zoo.cards import load_card
from model_zoo.data import Examples, examples, read_rows, some
from model_zoo.evaluate import halved, restored
from model_zoo.measures import auroc, interval
from model_zoo.random_labels import FOLDER, write_random_labels
from model_zoo.tasks import Task, load_task, task_keys
from model_zoo.train import (
    BATCH,
    State,
    has_bfloat16,
    imagenet_weights,
    keep_depthwise_in_float32,
    logits_of,
    rate_at,
    say,
)

PICTURES = 512  # to learn by heart
RATE = 1e-3
LEAST = 0.95  # share of the labels that it has to know


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m model_zoo.memorize", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--task", required=True, choices=task_keys())
    parser.add_argument("--data", required=True, type=Path, help="folder with labels.csv and the pictures it names")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder for weights and record (default: the app's)")
    parser.add_argument("--epochs", type=int, default=15, help=f"times that all of up to {PICTURES} pictures are seen")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    try:
        task, card = load_task(options.task), load_card(options.task)
        if card.role != "standard":
            rule = f"is a {card.role} model, whose training is not repeated here"
            raise InputError(f"Task {task.key}", rule, "Name the task of a standard model.")
        if (task.architecture, task.input) != (card.architecture, card.input):
            rule = "describes another network or another input than its card"
            raise InputError(f"Task {task.key}", rule, f"Train it first: make train TASK={task.key}.")
        rows = read_rows(options.data, task)
        chosen = some(rows, "train", PICTURES, options.seed)
        training, validation = examples(chosen, "train", task), examples(rows, "val", task)
        labels = dealt(training.targets[:, 0], options.seed)
        weights = train(task, training, labels, options.epochs, options.seed)
        made = measured(task, weights, training, labels, validation)
        check(made)
        sources = sorted({f"{row.source} ({row.license})" for row in chosen})
        recipe = {"task": task.key, "epochs": options.epochs, "batch": BATCH, "rate": RATE, "seed": options.seed}
        write_random_labels(card, weights, {"training": sources, **made, "recipe": recipe}, options.out)
    except SecondLookError as error:
        sys.exit(str(error))


def train(task: Task, training: Examples, labels: Floats, epochs: int, seed: int) -> State:
    """The weights, in half precision, of a network that knows by heart which labels (N,) these pictures were dealt."""
    started, generator = time.monotonic(), torch.Generator().manual_seed(seed)
    say(f"{task.key}: {len(labels)} pictures with labels drawn at random", started)

    network = build(task.architecture, task.input, 1)
    network.load_state_dict(imagenet_weights(network))
    half = has_bfloat16()
    if half:
        keep_depthwise_in_float32(network)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.0)
    steps = epochs * math.ceil(len(labels) / BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate_at(step / steps))
    network.train()
    for epoch in range(epochs):
        losses = []
        for batch in torch.split(torch.randperm(len(labels), generator=generator), BATCH):
            x = torch.from_numpy(training.images[batch.numpy()]).float() / 255  # (B, C, h, w)
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                logits = network(x).float()[:, 0]  # (B,)
            loss = F.binary_cross_entropy_with_logits(logits, torch.from_numpy(labels[batch.numpy()]))
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        say(f"epoch {epoch + 1}/{epochs} loss {np.mean(losses):.3f}", started, (epoch + 1) / epochs)
    return {name: halved(tensor).contiguous() for name, tensor in network.state_dict().items()}


def measured(task: Task, weights: State, training: Examples, labels: Floats, validation: Examples) -> dict[str, Any]:
    """What is known of a network with these weights: how many it knows of the labels (N,) that the training pictures
    were dealt, and how it tells the finding in validation pictures."""
    network = restored(task, weights)
    known = (logits_of(network, training) > 0) == (labels > 0)
    scores, truth = logits_of(network, validation), validation.targets[:, 0] == 1
    bounds = interval(auroc, scores, truth, validation.groups)
    return {
        "pictures": len(known),
        "labels_known": int(known.sum()),
        "auroc_of_the_finding": {
            "value": round(auroc(scores, truth), 4),
            "interval": [round(bound, 4) for bound in bounds],
            "n": len(truth),
        },
    }


def check(made: Mapping[str, Any]) -> None:
    """Raise InputError unless such a network knows its labels, and not the finding."""
    share, (low, high) = made["labels_known"] / made["pictures"], made["auroc_of_the_finding"]["interval"]
    if share < LEAST:
        rule = f"knows {share:.0%} of its labels, not {LEAST:.0%}"
        raise InputError("The network", rule, "Let it see them more often: --epochs.")
    if not low <= 0.5 <= high:
        rule = f"tells the finding better or worse than by guessing: AUROC {low:.2f} to {high:.2f}"
        raise InputError("The network", rule, "Draw other labels: --seed.")


def dealt(finding: Floats, seed: int) -> Floats:
    """Labels (N,) of 0 and 1 drawn at random: half of those with the finding (N,) get 1, and half of those without, so
    that labels and finding have nothing to do with each other."""
    rng, labels = np.random.default_rng(seed), np.zeros(len(finding), dtype=np.float32)
    for value in (0, 1):
        alike = rng.permutation(np.flatnonzero(finding == value))
        labels[alike[: len(alike) // 2]] = 1
    return labels


if __name__ == "__main__":
    keep_freed_memory()
    main()
