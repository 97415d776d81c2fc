"""explain(): runs a method, checks what every method promises, and measures how complete it is."""

from __future__ import annotations

import threading
import time

import torch
from torch import Tensor
from torch.nn import functional

from core.classifier import Classifier
from core.errors import BrokenPromise
from core.params import Params
from core.progress import Meter, Report
from core.values import Attribution, Floats, Mask
from explainers._cam import enlarged
from explainers._registry import EXPLAINERS, Explainer

RESIDUAL_BATCH = 16


def explain(
    key: str,
    model: Classifier,
    pixels: Floats,
    target: int,
    params: Params | None = None,
    *,
    against: int | None = None,
    seed: int = 0,
    region: Mask | None = None,
    report: Report | None = None,
    cancel: threading.Event | None = None,
) -> Attribution:
    """What the logit of label number target depends on in pixels (C, h, w), float32 in [0, 1], in the model frame.

    against names a second label: then it is the difference of the two logits that is explained, "why this and not
    that"; exchange the two for "why not that". Heat is zero where the model can't see anything: coarse methods would
    otherwise smear it there. Where a region (h, w) bool is given, the method still looks at the whole picture, and then
    heat outside is set to zero; the rest does not add up to the logit, so such a map has no residual. params default to
    the method's own. report gets the share done, at last 1. Raises UnknownName, Unsupported, InputError,
    ParameterError, BrokenPromise, and Cancelled at the next pass once cancel is set.
    """
    method = EXPLAINERS[key]
    params = method.checked(params)
    method.require(model.offers)
    model.check(pixels[None], target)
    model.check_region(region)
    channels, height, width = pixels.shape
    passes = method.passes(params, (channels, height, width))
    asked = model if against is None else model.versus(target, against)
    x, rng = torch.tensor(pixels)[None], torch.Generator().manual_seed(seed)
    start = time.perf_counter()
    compared = None
    if method.baseline is not None and region is None:
        compared = torch.cat([x, method.baseline(x, params, torch.Generator().manual_seed(seed))])
    expected = passes + (0 if compared is None else len(compared))
    watched = asked.watched(Meter(expected, report, cancel))
    with torch.no_grad():
        heat: Tensor = method.function(watched, x, target, params, rng)
        _check_promises(method, heat, (height, width))
        kept, cells = torch.from_numpy(model.card.input.visible), None
        if region is not None:
            kept = kept & torch.tensor(region)
        if method.coarse:
            cells, heat = heat * _at_centers(kept, heat), enlarged(heat[None, None], x)[0, 0]
        heat = heat * kept
        residual = None if compared is None else _residual(watched, compared, target, heat)
    seconds = time.perf_counter() - start
    if report is not None:
        report(1.0)
    return Attribution(
        method=key,
        params=params.as_dict(),
        target=target,
        seed=seed,
        heat=heat.numpy(force=True),
        signed=method.signed,
        unit=method.unit,
        residual=residual,
        seconds=seconds,
        region=region,
        against=against,
        cells=None if cells is None else cells.numpy(force=True),
    )


def _at_centers(mask: Tensor, cells: Tensor) -> Tensor:
    """mask (h, w) -> (rows, columns) whether it holds the center of each cell."""
    return functional.interpolate(mask[None, None].float(), cells.shape, mode="nearest-exact")[0, 0].bool()


def _check_promises(method: Explainer, heat: Tensor, shape: tuple[int, int]) -> None:
    def refuse(why: str) -> BrokenPromise:
        return BrokenPromise(f"Explainer {method.name}", why, "This is a fault of the method; choose another one.")

    promised = tuple(heat.shape[:2]) if method.coarse else shape
    if heat.shape != promised or heat.dtype != torch.float32:
        raise refuse(f"returned {tuple(heat.shape)} {heat.dtype}, promised {promised} torch.float32")
    if not heat.isfinite().all():
        raise refuse("returned values that are not finite")
    if not method.signed and heat.min() < 0:
        raise refuse(f"returned {heat.min():g}, promised no negative value")


def _residual(model: Classifier, compared: Tensor, target: int, heat: Tensor) -> float:
    """compared: the explained image, then those that it is compared with, if any."""
    logit, *others = torch.cat([model(batch)[:, target] for batch in torch.split(compared, RESIDUAL_BATCH)]).tolist()
    residual: float = heat.sum(dtype=torch.float64).item() - logit + sum(others) / max(1, len(others))
    return residual
