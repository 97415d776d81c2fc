"""The control of a perturbation: random noise of equal size, for only what noise can't do is the work of the method.

Size is the largest change of any pixel where the method promises a bound on it (L-infinity), and else, for artifacts,
the root mean square of the change: the largest change of a blur says little, since few pixels at edges reach it.
"""

from __future__ import annotations

import math
import threading
from typing import Literal, TypeAlias

import numpy as np

from core.classifier import Classifier
from core.progress import Report
from core.values import Floats, Goal, Mask, Perturbation
from evaluation.words import level
from perturbations import PERTURBATIONS, perturb, perturb_batch
from perturbations.uniform_noise import UniformNoiseParams

Size: TypeAlias = Literal["linf", "rms"]

PRECISION = 0.001  # of epsilon, in gray levels


def controlled(
    model: Classifier,
    perturbation: Perturbation,
    *,
    saving: bool = True,
    report: Report | None = None,
    cancel: threading.Event | None = None,
) -> Perturbation:
    """Uniform noise on the same clean image, in the same region, of equal size, for the same goal, under the next seed;
    saving as of perturb().

    The next seed, because the same one would draw the noise from which a random start of the method began.
    """
    clean, goal, region, seed = perturbation.clean, perturbation.goal, perturbation.region, perturbation.seed + 1
    params = equal_noise(model, clean, perturbation.perturbed, goal, size_of(perturbation.method), seed, region)
    return perturb(
        "uniform_noise",
        model,
        clean,
        goal,
        params,
        seed=seed,
        region=region,
        saving=saving,
        report=report,
        cancel=cancel,
    )


def equal_noise(
    model: Classifier, clean: Floats, perturbed: Floats, goal: Goal, size: Size, seed: int, region: Mask | None = None
) -> UniformNoiseParams:
    """The noise, in region, that changes clean (C, h, w) by as much as perturbed differs from it; the largest where
    none does.

    What is cut off at black and white counts, so the epsilon of an equal root mean square is searched under the seed.
    """
    change = perturbed - clean
    if size == "linf":
        return UniformNoiseParams(255 * float(np.abs(change).max()))

    from scipy.optimize import brentq  # a fifth of a second that no attack of a bounded size needs

    def missing(epsilon: float) -> float:
        params = UniformNoiseParams(epsilon)
        return _rms(change) - _rms(
            perturb_batch("uniform_noise", model, clean[None], goal, params, seed=seed, region=region)[0] - clean
        )

    largest = 255.0
    return UniformNoiseParams(largest if missing(largest) > 0 else brentq(missing, 0.0, largest, xtol=PRECISION))


def size_of(method: str) -> Size:
    """The measure in which a perturbation by this method and its control are of equal size."""
    return "linf" if PERTURBATIONS[method].norm == "linf" else "rms"


def change_255(perturbation: Perturbation, size: Size) -> float:
    """Size of a change in gray levels (/255): the largest, or the root mean square over pixels and channels."""
    norms = perturbation.norms
    return norms.linf_255 if size == "linf" else 255 * norms.l2 / math.sqrt(perturbation.clean.size)


def control_caption(perturbation: Perturbation) -> str:
    """The control of this perturbation in words: "noise of the same size (L-infinity 1.0/255)", or "(RMS 3.2/255)"."""
    size = size_of(perturbation.method)
    name = "L-infinity" if size == "linf" else "RMS"
    return f"noise of the same size ({name} {level(change_255(perturbation, size))}/255)"


def _rms(change: Floats) -> float:
    return float(np.sqrt(np.mean(np.square(change, dtype=np.float64))))
