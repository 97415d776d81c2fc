"""Evaluate a trained model once and publish it: python -m model_zoo.evaluate --task cxr_pneumonia --data FOLDER

Weights go to half precision first, and the half-precision file is what is measured. The validation split sets the
shift of the last layer, the temperature, the operating points and the limit of scope; the test split is passed through
the network once, and so are pictures from elsewhere. Every number of the card is written here, every output it was
computed from into the evidence.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import math
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from safetensors.torch import load_file, save
from scipy.special import expit

from core.errors import InputError, ModelError, SecondLookError
from core.memory import keep_freed_memory
from core.values import DataSource, ModelCard, Score
from imaging.read import read_case
from model_zoo import cards, evidence, loading, measures
from model_zoo.architectures import TimmNetwork
from model_zoo.data import PHANTOM, Bytes, Examples, Row, examples, fitted, read_picture, read_rows, with_phantoms
from model_zoo.evidence import EXTERNAL, TEST, VALIDATION, Evidence, Outputs
from model_zoo.measures import Array
from model_zoo.scope import fit
from model_zoo.tasks import Task, load_task, task_keys
from model_zoo.train import BATCH, State, loaded

SCREENING = 0.95  # sensitivity
IN_SCOPE = 0.99  # share of the validation pictures
PLACES = (loading.WEIGHTS, cards.FOLDER, evidence.FOLDER)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m model_zoo.evaluate", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--task", required=True, choices=task_keys())
    parser.add_argument("--data", required=True, type=Path, help="folder with labels.csv and the pictures it names")
    parser.add_argument("--external", type=Path, help="folder with labels.csv of pictures from elsewhere")
    parser.add_argument(
        "--others", type=Path, nargs="*", default=(), help="folders of pictures that the model was not made for"
    )
    parser.add_argument("--run", type=Path, help="folder of the training (default: build/train/TASK)")
    options = parser.parse_args(arguments)
    task = load_task(options.task)
    trained = (options.run or Path("build/train") / task.key) / "weights.safetensors"
    try:
        card = publish(task, trained, options.data, options.external, options.others)
    except SecondLookError as error:
        sys.exit(str(error))
    for measure, score in card.results.items():
        low, high = score.interval or (score.value, score.value)
        sys.stdout.write(f"{measure}: {score.value:.4f} [{low:.4f}, {high:.4f}], n = {score.n}\n")


def publish(
    task: Task,
    trained: Path,
    data: Path,
    external: Path | None = None,
    others: Sequence[Path] = (),
    places: tuple[Path, Path, Path] = PLACES,
) -> ModelCard:
    """Measure the weights at trained and write KEY.safetensors, KEY.toml and KEY.json into the three places.

    external: a folder of pictures from elsewhere; others: folders of pictures that the model was not made for.
    Raises ModelError or InputError, and then writes nothing.
    """
    if not trained.is_file():
        raise ModelError(str(trained), "does not exist", f"Train first: python -m model_zoo.train --task {task.key}.")
    for folder in others:
        if not folder.is_dir():
            raise InputError(str(folder), "is not a folder", "Name folders of pictures, or leave them out.")
    rows = read_rows(data, task)
    sets = {VALIDATION: examples(rows, "val", task), TEST: examples(rows, "test", task)}
    if external is not None:
        sets[EXTERNAL] = examples(read_rows(external, task, held_out=True), "test", task)

    state = {name: halved(tensor) for name, tensor in load_file(trained).items()}
    before, _ = answers(restored(task, state), sets[VALIDATION].images)
    _, shift = measures.calibration(before, present(sets[VALIDATION]))
    state["backbone.classifier.bias"] += shift
    network = restored(task, state)

    training = with_phantoms(examples(rows, "train", task), task)
    drawn = np.array([source == PHANTOM for source in training.sources])
    scope = fit(answers(network, training.images)[1], torch.from_numpy(present(training) + 2 * drawn))
    within = {f"scope.{name}": (halved(t) if t.ndim == 2 else t).contiguous() for name, t in scope.state_dict().items()}
    content = save(state | within)

    outputs, distances = {}, {}
    for name, given in sets.items():
        logits, features = answers(network, given.images)
        groups = np.array(evidence.numbered(given.groups))
        outputs[name] = Outputs(
            np.round(logits.astype(np.float64), 4), present(given), groups, short_names(task, given)
        )
        distances[name] = np.round(scope(features).numpy(), 4)
    for folder in others:
        features = answers(network, pictures_of(folder, task))[1]
        distances[bare(folder.name)] = np.round(scope(features).numpy(), 4)
    found = Evidence(hashlib.sha256(content).hexdigest(), outputs, round(shift, 4), (), distances)

    card = card_of(task, found, training_data(task, rows))
    remedy = "Nothing was written: correct the task or the data."  # a card that can't be read would stop the app
    cards.parse_card(cards.card_text(card), f"The card of {card.key}", remedy)
    weights_folder, cards_folder, evidence_folder = places
    (weights_folder / card.weights).write_bytes(content)
    evidence.write_evidence(found, evidence_folder / f"{task.key}.json")
    cards.write_card(card, cards_folder / f"{task.key}.toml")
    return card


def card_of(task: Task, found: Evidence, training: tuple[DataSource, ...]) -> ModelCard:
    """The card of what was measured; operating points, temperature and limit of scope are of the validation split."""
    validation, test = found.sets[VALIDATION], found.sets[TEST]
    temperature = round(measures.calibration(validation.logits, validation.truth)[0], 4)
    probabilities = {name: expit(outputs.logits / temperature) for name, outputs in found.sets.items()}
    chosen = probabilities[VALIDATION], validation.truth
    balanced = round(measures.youden_threshold(*chosen), 4)
    sensitive = math.floor(1e4 * measures.screening_threshold(*chosen, SCREENING)) / 1e4
    points = {"balanced": (balanced,), "screening": (min(balanced, sensitive),)}  # whoever screens wants to miss less
    results = on_test(probabilities[TEST], test, points)
    if EXTERNAL in found.sets:
        results |= on_external(probabilities[EXTERNAL], found.sets[EXTERNAL], points)
    results = {name: value for name, value in results.items() if not math.isnan(value.value)}  # for want of a class
    return ModelCard(
        key=task.key,
        name=task.name,
        summary=task.summary,
        input=task.input,
        labels=(task.finding,),
        operating_points=points,
        temperature=temperature,
        architecture=task.architecture,
        weights=f"{task.key}.safetensors",
        sha256=found.sha256,
        license=task.license,
        training=training,
        results=results | of_scope(found),
        test_split=f"{len(test.truth)} pictures of {len(set(test.groups))} groups (patients or lesions) that were in "
        "neither training nor validation; no phantoms",
        intended_use=task.intended_use,
        limits=(*task.limits, *measured_limits(found, results)),
        role=task.role,
        twin=task.twin,
        scope=round(float(np.quantile(found.distances[VALIDATION], IN_SCOPE)), 4),
    )


def present(given: Examples) -> Array:
    """(N,) whether the finding is there."""
    found: Array = given.targets[:, 0] == 1
    return found


def short_names(task: Task, given: Examples) -> tuple[str, ...]:
    """The source of each example, by its short name where the task has one, in letters and digits."""
    short = {name: source.short for name, source in task.sources.items()}
    return tuple(bare(short.get(name, name)) for name in given.sources)


def bare(name: str) -> str:
    """In letters and digits, as names of results are."""
    return re.sub(r"\W+", "_", name, flags=re.ASCII)


def answers(network: TimmNetwork, images: Bytes) -> tuple[Array, torch.Tensor]:
    """Logits of the finding (N,) and features (N, D) of images (N, C, h, w)."""
    logits, features = [], []
    with torch.inference_mode():
        for batch in torch.split(torch.from_numpy(images), BATCH):
            features.append(network.embed(batch.float() / 255))
            logits.append(network.backbone.get_classifier()(features[-1])[:, 0])
    return torch.cat(logits).numpy(), torch.cat(features)


def pictures_of(folder: Path, task: Task) -> Bytes:
    """The test pictures of a folder with labels.csv, or else whatever can be read in it, fitted for the task."""
    if (folder / "labels.csv").is_file():
        with (folder / "labels.csv").open(encoding="utf-8", newline="") as stream:
            files = [folder / line["file"] for line in csv.DictReader(stream) if line["split"] == "test"]
        pictures = [read_picture(file) for file in files]
    else:
        pictures = [read_case(file.read_bytes()).pixels for file in sorted(folder.iterdir())]
    return fitted(pictures, len(pictures), task.input)


def halved(tensor: torch.Tensor) -> torch.Tensor:
    """Half precision; counters stay whole numbers."""
    return tensor.half() if tensor.is_floating_point() else tensor


def restored(task: Task, state: State) -> TimmNetwork:
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


def on_test(probabilities: Array, test: Outputs, points: Mapping[str, tuple[float, ...]]) -> dict[str, Score]:
    """AUROC, also within each source; rates at each operating point; calibration."""
    truth, groups = test.truth, test.groups
    scores = {"auroc": area(probabilities, truth, groups)}
    scores |= rates(probabilities, truth, groups, points)
    around = measures.interval(measures.brier, probabilities, truth, groups)
    scores["brier"] = score(measures.brier(probabilities, truth), around, len(truth), "lower")
    error = round(measures.ece(probabilities, truth), 4)  # no interval: resampling biases it upward
    scores["calibration_error"] = Score(error, better="lower", n=len(truth))
    sources = np.array(test.sources)
    for source in sorted(set(test.sources)):
        chosen = sources == source
        if chosen.sum() < len(chosen):
            scores[f"auroc_{source}"] = area(probabilities[chosen], truth[chosen], groups[chosen])
    return scores


def on_external(probabilities: Array, external: Outputs, points: Mapping[str, tuple[float, ...]]) -> dict[str, Score]:
    """AUROC, sensitivity and specificity on pictures from elsewhere, at the default operating point."""
    default = dict([next(iter(points.items()))])
    scores = {"auroc": area(probabilities, external.truth, external.groups)}
    scores |= rates(probabilities, external.truth, external.groups, default)
    return {f"external_{name}": value for name, value in scores.items()}


def rates(
    probabilities: Array, truth: Array, groups: Array, points: Mapping[str, tuple[float, ...]]
) -> dict[str, Score]:
    """Sensitivity and specificity at each operating point; those at the first have no prefix."""
    scores = {}
    for number, (point, (threshold,)) in enumerate(points.items()):
        called = probabilities >= threshold
        for name, right, chosen in (("sensitivity", called, truth), ("specificity", ~called, ~truth)):
            share, around = measures.sensitivity(right, chosen), measures.rate_interval(right[chosen], groups[chosen])
            scores[f"{point}_{name}" if number else name] = score(share, around, int(chosen.sum()))
    return scores


def of_scope(found: Evidence) -> dict[str, Score]:
    """AUROC of the feature distance: how well it tells pictures of each other kind from those of the test split."""
    scores = {}
    for name, others in found.distances.items():
        if name not in (VALIDATION, TEST):
            own = found.distances[TEST]
            values, foreign = np.concatenate([own, others]), np.repeat([False, True], [len(own), len(others)])
            theirs = found.sets[name].groups if name in found.sets else np.arange(len(others))
            scores[f"scope_{name}"] = area(values, foreign, np.concatenate([found.sets[TEST].groups, -1 - theirs]))
    return scores


def area(values: Array, truth: Array, groups: Array) -> Score:
    """AUROC with its interval."""
    around = measures.interval(measures.auroc, values, truth, groups)
    return score(measures.auroc(values, truth), around, len(truth))


def score(value: float, around: tuple[float, float], n: int, better: Literal["higher", "lower"] = "higher") -> Score:
    """Rounded to what is printed."""
    return Score(round(value, 4), better=better, interval=(round(around[0], 4), round(around[1], 4)), n=n)


def measured_limits(found: Evidence, results: Mapping[str, Score]) -> tuple[str, ...]:
    """What the measurements say against the model."""
    validation, test = found.sets[VALIDATION], found.sets[TEST]
    said = [
        f"The operating points were chosen on {len(validation.truth)} validation pictures, {validation.truth.sum()} of "
        "them positive: read the rates and their intervals before trusting a call."
    ]
    if results["brier"].value > measures.brier(expit(test.logits - found.shift), test.truth):
        said.append(
            "Its percentages were calibrated on validation pictures, and fit those of the test split worse than before."
        )
    if "external_auroc" in results:
        own, far, without = results["auroc"], results["external_auroc"], (~found.sets[EXTERNAL].truth).sum()
        low, high = far.interval or (far.value, far.value)
        said.append(
            f"On {far.n} pictures from elsewhere, {without} of them without the finding, its AUROC is {far.value:.2f} "
            f"(95 % interval {low:.2f} to {high:.2f}), against {own.value:.2f} on its own test split."
        )
    return tuple(said)


if __name__ == "__main__":
    keep_freed_memory()
    main()
