"""detect(): asks a detector about pictures, in batches, and checks what it returns."""

from __future__ import annotations

import threading

import numpy as np
import torch
from torch import Tensor

from core.classifier import Classifier
from core.errors import BrokenPromise, Cancelled, Unsupported
from core.params import Params
from core.progress import Meter, Report
from core.values import Floats
from defenses.detectors._reference import Reference
from defenses.detectors._registry import DETECTORS

BATCH = 16


def detect(
    key: str,
    model: Classifier,
    pixels: Floats,
    reference: Reference | None = None,
    params: Params | None = None,
    *,
    seed: int = 0,
    report: Report | None = None,
    cancel: threading.Event | None = None,
) -> Floats:
    """How suspicious pixels (N, C, h, w) in [0, 1] look to the detector called key: (N,), higher is more.

    params default to the method's own. Raises UnknownName, Unsupported, also where the detector needs a reference and
    there is none, InputError, ParameterError, BrokenPromise, and Cancelled at the next pass once cancel is set.
    """
    method = DETECTORS[key]
    params = method.checked(params)
    method.require(model.offers)
    if method.fitted and reference is None:
        raise Unsupported(method.name, "compares with clean pictures, and was given none", "Call fit() first.")
    model.check(pixels)
    passes = method.passes(params, (pixels.shape[1], pixels.shape[2], pixels.shape[3]))
    watched, rng = model.watched(Meter(passes * len(pixels), report, cancel)), torch.Generator().manual_seed(seed)
    scores: list[Floats] = []
    for batch in torch.split(torch.tensor(pixels), BATCH):
        if cancel is not None and cancel.is_set():
            raise Cancelled
        with torch.no_grad():
            found: Tensor = method.function(watched, batch, reference, params, rng)
        if found.shape != (len(batch),) or found.dtype != torch.float32 or not found.isfinite().all():
            why = f"returned {tuple(found.shape)} {found.dtype}, promised ({len(batch)},) finite torch.float32"
            raise BrokenPromise(f"Detector {method.name}", why, "This is a fault of the method; choose another one.")
        scores.append(found.numpy(force=True))
    if report is not None:
        report(1.0)
    return np.concatenate(scores)
