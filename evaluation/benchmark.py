"""What a perturbation does to a labeled set: accuracy, AUROC and confidence, beside the clean set and equal noise.

Columns and aim of the attack, the answer opposite to the truth, are those of Finlayson et al. 2019,
doi:10.1126/science.aaw4399. Each perturbed image is also counted as saved with 8 bits and as JPEG.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from core.classifier import Classifier
from core.params import Params
from core.progress import Report
from core.values import Floats, Goal, Mask, Score
from evaluation.control import Size, equal_noise, size_of
from model_zoo.measures import auroc, interval, rate_interval
from perturbations import as_saved, perturb_batch

Bytes: TypeAlias = npt.NDArray[np.uint8]
Array: TypeAlias = npt.NDArray[np.intp]

ROWS = ("clean", "perturbed", "perturbed_8bit", "perturbed_jpeg", "control")


@dataclass(frozen=True)
class Outcome:
    """accuracy at the operating point, AUROC, and the mean probability of the answer given, each with the bootstrap
    interval over groups."""

    accuracy: Score
    auroc: Score
    confidence: Score


def robustness(
    model: Classifier,
    images: Bytes,
    truth: Mask,
    groups: Sequence[str],
    perturbation: str,
    params: Params | None = None,
    *,
    target: int = 0,
    seed: int = 0,
    batch: int = 16,
    report: Report | None = None,
) -> Mapping[str, Outcome]:
    """{"clean", "perturbed", "perturbed_8bit", "perturbed_jpeg", "control": Outcome} of images (N, C, h, w).

    truth (N,) is whether label target is present, groups (N,) names the patients. Batch i is perturbed with seed + i,
    image j gets the noise of seed + j + 1.
    """
    model = model.recalling()
    probabilities = {name: np.zeros(len(images), dtype=np.float32) for name in ROWS}
    batches = batches_of(truth, batch)
    for number, members in enumerate(batches):
        goal = Goal(target, "hide" if truth[members[0]] else "induce")
        clean: Floats = images[members].astype(np.float32) / np.float32(255)
        perturbed = perturb_batch(perturbation, model, clean, goal, params, seed=seed + number)
        control = noisy(model, clean, perturbed, goal, size_of(perturbation), seed + 1 + members)
        eight_bit, jpeg = np.stack([as_saved(image) for image in perturbed], axis=1)
        versions: dict[str, Floats] = {
            "clean": clean,
            "perturbed": perturbed,
            "perturbed_8bit": eight_bit,
            "perturbed_jpeg": jpeg,
            "control": control,
        }
        for name, version in versions.items():
            predictions = model.predict_batch(version)
            probabilities[name][members] = [prediction.probabilities[target] for prediction in predictions]
        if report is not None:
            report((number + 1) / len(batches))
    threshold = float(model.thresholds[target])
    return {name: _outcome(values, truth, groups, threshold) for name, values in probabilities.items()}


def batches_of(truth: Mask, batch: int) -> list[Array]:
    """Indices in batches of one truth each, since a batch is perturbed towards one goal."""
    same = [np.flatnonzero(truth == value) for value in (True, False)]
    return [indices[start : start + batch] for indices in same for start in range(0, len(indices), batch)]


def noisy(model: Classifier, clean: Floats, perturbed: Floats, goal: Goal, size: Size, seeds: Array) -> Floats:
    """Each image of clean (N, C, h, w) under noise of its own, as large as its perturbation."""
    images = np.empty_like(clean)
    for i, seed in enumerate(seeds.tolist()):
        params = equal_noise(model, clean[i], perturbed[i], goal, size, seed)
        images[i] = perturb_batch("uniform_noise", model, clean[i : i + 1], goal, params, seed=seed)[0]
    return images


def _outcome(probabilities: Floats, truth: Mask, groups: Sequence[str], threshold: float) -> Outcome:
    flagged = probabilities >= threshold
    right, confidence = flagged == truth, np.where(flagged, probabilities, 1 - probabilities)
    both = bool(truth.any() and not truth.all())
    around = interval(auroc, probabilities, truth, groups) if both else None
    return Outcome(
        accuracy=Score(_mean(right, truth), "", "higher", rate_interval(right, groups), len(truth)),
        auroc=Score(auroc(probabilities, truth), "", "higher", around, len(truth)),
        confidence=Score(_mean(confidence, truth), interval=interval(_mean, confidence, truth, groups), n=len(truth)),
    )


def _mean(values: Floats | Mask, truth: Mask) -> float:
    """As a measure for interval(), which also passes the truth."""
    return float(values.mean())
