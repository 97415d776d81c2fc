"""Attack a published model and keep what became of its outputs: python -m evaluation.stress --model KEY --data FOLDER

Equally many pictures with and without the finding are drawn from the test split. PGD searches in several runs; after
the first, a run is spent only on pictures that are still answered rightly, so accuracies are those of all runs, and
AUROCs can only be too high. Square sees nothing but answers: where it misleads what PGD can't, or PGD fails at a
visible size, the model hides its gradients (arXiv:1802.00420). Each result stands beside random noise of equal size.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from core.classifier import Classifier
from core.errors import InputError, SecondLookError
from core.memory import keep_freed_memory
from core.params import Value
from core.values import Floats, Goal, Mask
from evaluation.benchmark import batches_of, noisy
from evaluation.control import size_of
from model_zoo import evidence
from model_zoo.cards import cards
from model_zoo.data import examples, read_rows
from model_zoo.evidence import Stress, read_evidence, write_evidence
from model_zoo.loading import load_classifier
from model_zoo.tasks import load_task
from perturbations import PERTURBATIONS, perturb_batch

Array: TypeAlias = npt.NDArray[np.intp]
Plan: TypeAlias = Sequence[tuple[str, Mapping[str, Value], float]]

BATCH = 16
# Method, parameters, and pictures as a multiple of the limit: a thousand queries each are spent on half of them, and
# a marker that takes no search is tried on the whole test split.
PLAN: Plan = (
    *(("pgd", {"epsilon": epsilon, "steps": 50, "restarts": 3}, 1.0) for epsilon in (0.5, 1.0, 2.0, 8.0)),
    ("square", {"epsilon": 1.0, "queries": 1000}, 0.5),
    ("trigger", {}, math.inf),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.stress", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--model", required=True, choices=[card.key for card in cards()])
    parser.add_argument("--data", required=True, type=Path, help="folder with labels.csv and the pictures it names")
    parser.add_argument("--limit", type=int, default=64, help="pictures of the test split (default: 64)")
    options = parser.parse_args(arguments)
    try:
        for line in stress(load_classifier(options.model), options.data, options.limit):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    except SecondLookError as error:
        sys.exit(str(error))


def stress(
    model: Classifier, data: Path, limit: int, plan: Plan = PLAN, folder: Path = evidence.FOLDER
) -> Iterator[str]:
    """Carry out the plan and write its results into the evidence of the model; yields a line for each.

    Raises ModelError where the model has none, and InputError where data is not what it was measured on, before
    anything is attacked.
    """
    path = folder / f"{model.card.key}.json"
    known = read_evidence(path)
    task = load_task(model.card.key)
    test = examples(read_rows(data, task), "test", task)
    present: Mask = test.targets[:, 0] == 1
    if not np.array_equal(present, known.sets[evidence.TEST].truth):
        reason = f"has another test split than the one of which {path} keeps the outputs"
        raise InputError(str(data), reason, f"Measure anew: python -m model_zoo.evaluate --task {task.key}.")
    made = []
    for method, params, share in plan:
        pictures = drawn(present, int(min(share * limit, 2 * len(present))))
        images, truth = test.images[pictures].astype(np.float32) / np.float32(255), present[pictures]
        perturbed = worst(model, images, truth, method, params)
        control = images.copy()
        for members, goal in goals(truth):
            control[members] = noisy(model, images[members], perturbed[members], goal, size_of(method), 1 + members)
        logits = (logits_of(model, version) for version in (images, perturbed, control))
        made.append(Stress(method, params, pictures, *logits))
        right = int((flagged(model, made[-1].perturbed) == truth).sum())
        yield f"{method} {dict(params)}: {right} of {len(pictures)} answered rightly"
    write_evidence(dataclasses.replace(known, stress=tuple(made)), path)


def drawn(truth: Mask, limit: int) -> Array:
    """Indices of limit pictures, half with the finding and half without, as far as there are so many."""
    rng = np.random.default_rng(0)
    halves = [rng.permutation(np.flatnonzero(truth == value))[: limit // 2] for value in (True, False)]
    return np.sort(np.concatenate(halves))


def worst(model: Classifier, images: Floats, truth: Mask, method: str, params: Mapping[str, Value]) -> Floats:
    """images (N, C, h, w), each changed towards the answer opposite to its truth (N,); of several restarts the best."""
    runs = int(params.get("restarts", 1))
    once = PERTURBATIONS[method].params(**{name: value for name, value in params.items() if name != "restarts"})
    perturbed, logits = images.copy(), np.where(truth, np.inf, -np.inf).astype(np.float32)
    for run in range(runs):
        settings = dataclasses.replace(once, random_start=True) if run else once  # type: ignore[call-arg]
        for members, goal in goals(truth):
            left = members[flagged(model, logits[members]) == truth[members]]
            if len(left) == 0:
                continue
            found = perturb_batch(method, model, images[left], goal, settings, seed=1000 * run + int(left[0]))
            answers = logits_of(model, found)
            better = answers < logits[left] if goal.direction == "hide" else answers > logits[left]
            perturbed[left[better]], logits[left[better]] = found[better], answers[better]
    return perturbed


def goals(truth: Mask) -> list[tuple[Array, Goal]]:
    """Batches of pictures with one truth each, and the goal against it."""
    return [(members, Goal(0, "hide" if truth[members[0]] else "induce")) for members in batches_of(truth, BATCH)]


def logits_of(model: Classifier, images: Floats) -> Floats:
    """Logits of the first label (N,)."""
    batches = np.split(images, range(BATCH, len(images), BATCH))
    return np.array([p.logits[0] for batch in batches for p in model.predict_batch(batch)], dtype=np.float32)


def flagged(model: Classifier, logits: Floats) -> Mask:
    """(N,) whether a logit of the first label reaches the threshold."""
    called: Mask = 1 / (1 + np.exp(-logits.astype(float) / model.card.scale)) >= model.thresholds[0]
    return called


if __name__ == "__main__":
    keep_freed_memory()
    main()
