"""What a model withstood: accuracy and AUROC of its evidence under each perturbation, beside clean and equal noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from core.params import Value
from core.values import ModelCard, Score
from model_zoo import measures
from model_zoo.evidence import TEST, Evidence, Stress

Array: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Answered:
    """Of n pictures: share answered rightly, at the default operating point, and AUROC."""

    accuracy: Score
    auroc: Score


@dataclass(frozen=True)
class Withstood:
    """One perturbation of the test split: the same pictures clean, perturbed, and under random noise of equal size."""

    method: str
    params: Mapping[str, Value]
    clean: Answered
    perturbed: Answered
    control: Answered


def withstood(card: ModelCard, evidence: Evidence) -> tuple[Withstood, ...]:
    """Each perturbation of the evidence, at the default operating point, beyond which the attacks did not search on."""
    threshold, test = card.thresholds()[0], evidence.sets[TEST]

    def answered(logits: Array, stress: Stress) -> Answered:
        truth, groups = test.truth[stress.pictures], test.groups[stress.pictures]
        probabilities = expit(logits / card.scale)
        right = (probabilities >= threshold) == truth
        around = measures.interval(measures.auroc, probabilities, truth, groups)
        return Answered(
            Score(float(right.mean()), "", "higher", measures.rate_interval(right, groups), len(right)),
            Score(measures.auroc(probabilities, truth), "", "higher", around, len(right)),
        )

    return tuple(
        Withstood(
            stress.method,
            stress.params,
            *(answered(logits, stress) for logits in (stress.clean, stress.perturbed, stress.control)),
        )
        for stress in evidence.stress
    )
