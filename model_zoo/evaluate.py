"""Evaluate a trained model once and publish it: python -m model_zoo.evaluate --task cxr_pneumonia --data FOLDER

Weights go to half precision first, and the half-precision file is what is measured. The validation split sets the
shift of the last layer, the temperature and the threshold; the test split is passed through the network once. Every
number of the card is written here.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save
from scipy.special import expit

from core.errors import ModelError, SecondLookError
from core.memory import keep_freed_memory
from core.values import DataSource, ModelCard, Score
from model_zoo import cards, loading, measures
from model_zoo.data import Examples, Row, examples, read_rows
from model_zoo.measures import Array, Measure
from model_zoo.tasks import Task, load_task, task_keys
from model_zoo.train import State, loaded, logits_of


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m model_zoo.evaluate", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--task", required=True, choices=task_keys())
    parser.add_argument("--data", required=True, type=Path, help="folder with labels.csv and the pictures it names")
    parser.add_argument("--run", type=Path, help="folder of the training (default: build/train/TASK)")
    parser.add_argument("--weights", type=Path, default=loading.WEIGHTS, help="folder the weights are published in")
    parser.add_argument("--cards", type=Path, default=cards.FOLDER, help="folder the card is published in")
    options = parser.parse_args(arguments)
    task = load_task(options.task)
    trained = (options.run or Path("build/train") / task.key) / "weights.safetensors"
    try:
        card = publish(task, options.data, trained, options.weights, options.cards)
    except SecondLookError as error:
        sys.exit(str(error))
    for measure, score in card.results.items():
        low, high = score.interval or (score.value, score.value)
        sys.stdout.write(f"{measure}: {score.value:.4f} [{low:.4f}, {high:.4f}], n = {score.n}\n")


def publish(task: Task, data: Path, trained: Path, weights_folder: Path, cards_folder: Path) -> ModelCard:
    """Measure the weights at trained, write weights_folder/KEY.safetensors and cards_folder/KEY.toml."""
    if not trained.is_file():
        raise ModelError(str(trained), "does not exist", f"Train first: python -m model_zoo.train --task {task.key}.")
    rows = read_rows(data, task)
    validation = examples(rows, "val", task)
    truth = validation.targets[:, 0] == 1

    state = {name: halved(tensor) for name, tensor in load_file(trained).items()}
    _, shift = measures.calibration(logits_of(restored(task, state), validation), truth)
    state["backbone.classifier.bias"] += shift
    network = restored(task, state)
    logits = logits_of(network, validation)
    temperature = round(measures.calibration(logits, truth)[0], 4)
    threshold = round(measures.youden_threshold(expit(logits / temperature), truth), 4)

    operating_point = (
        f"The threshold maximizes sensitivity + specificity on {len(truth)} validation pictures, {truth.sum()} of them "
        "positive: read both rates and their intervals before trusting a call."
    )

    content = save(state)
    name = f"{task.key}.safetensors"
    (weights_folder / name).write_bytes(content)
    test = examples(rows, "test", task)
    card = ModelCard(
        key=task.key,
        name=task.name,
        summary=task.summary,
        input=task.input,
        labels=(task.finding,),
        thresholds=(threshold,),
        temperature=temperature,
        architecture=task.architecture,
        weights=name,
        sha256=hashlib.sha256(content).hexdigest(),
        license=task.license,
        training=training_data(task, rows),
        results=results(task, test, expit(logits_of(network, test) / temperature), threshold),
        test_split=f"{len(test.groups)} pictures of {len(set(test.groups))} groups (patients or lesions) that were in "
        "neither training nor validation; no phantoms",
        intended_use=task.intended_use,
        limits=(*task.limits, operating_point),
    )
    cards.write_card(card, cards_folder / f"{task.key}.toml")
    return card


def halved(tensor: torch.Tensor) -> torch.Tensor:
    """Half precision; counters stay whole numbers."""
    return tensor.half() if tensor.is_floating_point() else tensor


def restored(task: Task, state: State) -> torch.nn.Module:
    """The network with half-precision weights, computing in float32."""
    return loaded(task, {name: t.float() if t.is_floating_point() else t for name, t in state.items()})


def training_data(task: Task, rows: list[Row]) -> tuple[DataSource, ...]:
    """The sources of the training split, and the phantoms with their share of an epoch."""
    counts = Counter((row.source, row.license) for row in rows if row.split == "train")
    real = [
        DataSource(source, count, license, task.sources[source].link if source in task.sources else "not given")
        for (source, license), count in sorted(counts.items())
    ]
    share = task.recipe.phantoms
    phantoms = round(share * sum(counts.values()))
    drawn = DataSource(
        f"Phantoms, {share:.0%} of the training pictures", phantoms, "Apache-2.0", "drawn by imaging/phantoms"
    )
    return (*real, drawn) if phantoms else tuple(real)


def results(task: Task, test: Examples, probabilities: Array, threshold: float) -> dict[str, Score]:
    """AUROC, sensitivity and specificity with intervals; AUROC within each source where there are several."""
    truth = test.targets[:, 0] == 1
    called = probabilities >= threshold
    scores = {
        "auroc": scored(measures.auroc, probabilities, truth, test.groups),
        "sensitivity": scored(measures.sensitivity, called, truth, test.groups),
        "specificity": scored(measures.specificity, called, truth, test.groups),
    }
    sources = np.asarray(test.sources)
    for name, source in task.sources.items():
        chosen = sources == name
        if 0 < chosen.sum() < len(chosen):
            groups = tuple(np.asarray(test.groups)[chosen])
            scores[f"auroc_{source.short}"] = scored(measures.auroc, probabilities[chosen], truth[chosen], groups)
    return scores


def scored(measure: Measure, values: Array, truth: Array, groups: Sequence[str]) -> Score:
    """The measure with its interval; n counts what it is a rate of: positives, negatives, or all pictures."""
    low, high = measures.interval(measure, values, truth, groups)
    counts: dict[Measure, int] = {measures.sensitivity: int(truth.sum()), measures.specificity: int((~truth).sum())}
    interval = (round(low, 4), round(high, 4))
    return Score(
        round(measure(values, truth), 4), better="higher", interval=interval, n=counts.get(measure, len(truth))
    )


if __name__ == "__main__":
    keep_freed_memory()
    main()
