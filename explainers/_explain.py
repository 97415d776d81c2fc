"""explain(): runs a method, checks what every method promises, and measures how complete it is."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from core.classifier import Classifier
from core.errors import BrokenPromise, ModelError
from core.params import Params
from core.progress import Meter, Report
from core.values import Attribution, Floats, Mask
from explainers._cam import enlarged
from explainers._registry import EXPLAINERS, Explainer

RESIDUAL_BATCH = 16
ROUNDING = 16
"""Steps of float32, by some of which a picture's logit differs from batch to batch."""


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
    otherwise smear it there; and everywhere, if a method that needs nothing of the model moves the logit by no more
    than it is rounded. Where a region (h, w) bool is given, the method still looks at the whole picture, and then heat
    outside is set to zero; the rest does not add up to the logit, so such a map has no residual. params default to the
    method's own. report gets the share done, at last 1. Raises UnknownName, Unsupported, InputError, ParameterError,
    ModelError, BrokenPromise, and Cancelled at the next pass once cancel is set.
    """
    method = EXPLAINERS[key]
    params = method.checked(params)
    method.require(model.offers)
    model.check(pixels[None], target)
    model.check_region(region)
    channels, height, width = pixels.shape
    passes = method.passes(params, (channels, height, width))
    asked = model if against is None else model.versus(target, against)
    x = torch.tensor(pixels)[None]
    start = time.perf_counter()
    images = x[:0]
    if method.baseline is not None and region is None:
        images = torch.cat([x, method.baseline(x, params, torch.Generator().manual_seed(seed))])
    plain = "module tree" not in method.needs
    compared = Compared(asked, images, Meter(passes + len(images), report, cancel), plain)
    watched = asked.through(compared.shown).watched(compared.answered)
    with torch.no_grad():
        heat = method.maps(watched, x, target, params, seed)[0]
        unmoved = not method.needs and compared.unmoved(target)
        if unmoved:
            heat = torch.zeros_like(heat)
        _check_promises(method, heat, (height, width))
        kept, cells = torch.from_numpy(model.card.input.visible), None
        if region is not None:
            kept = kept & torch.tensor(region)
        if method.coarse:
            cells, heat = heat * _touched(kept, heat), enlarged(heat[None, None], x)[0, 0]
        heat = heat * kept
        residual = (0.0 if unmoved else compared.residual(watched, target, heat)) if len(images) else None
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


def _touched(mask: Tensor, cells: Tensor) -> Tensor:
    """mask (h, w) -> (rows, columns) whether it holds any of each cell."""
    held: Tensor = functional.adaptive_max_pool2d(mask[None].float(), tuple(cells.shape))[0]
    return held.bool()


def _check_promises(method: Explainer, heat: Tensor, shape: tuple[int, int]) -> None:
    def refuse(why: str) -> BrokenPromise:
        return BrokenPromise(f"Explainer {method.name}", why, "This is a fault of the method; choose another one.")

    promised = tuple(heat.shape[:2]) if method.coarse else shape
    if heat.shape != promised or heat.dtype != torch.float32:
        raise refuse(f"returned {tuple(heat.shape)} {heat.dtype}, promised {promised} torch.float32")
    lowest, highest = map(float, heat.aminmax())
    if not (math.isfinite(lowest) and math.isfinite(highest)):
        raise refuse("returned values that are not finite")
    if not method.signed and lowest < 0:
        raise refuse(f"returned {lowest:g}, promised no negative value")


@dataclass(eq=False)
class Compared:
    """The image that is explained, then those that it is compared with (B, C, h, w), or none; their logits are kept as
    they go by, so that completeness takes no pass that the method has made itself. plain: what goes by is what model
    says; what it says in passes that a method has rewritten is not held against the map. answers: all logits."""

    model: Classifier
    images: Tensor
    meter: Meter
    plain: bool
    logits: dict[int, Tensor] = field(default_factory=dict)
    batch: Tensor | None = None
    answers: list[Tensor] = field(default_factory=list)

    def shown(self, x: Tensor) -> Tensor:
        """See what the model is shown, and leave it as it is."""
        self.batch = x.detach()
        return x

    def answered(self, x: Tensor, logits: Tensor) -> None:
        """Count the pass, and keep the logits of those images that were in it; ModelError unless they are finite."""
        self.meter(x, logits)
        if not logits.isfinite().all():
            why = "answers with logits that are not finite"
            raise ModelError(self.model.card.name, why, "Choose another model: its weights may be damaged.")
        self.answers.append(logits)
        assert self.batch is not None
        for k, image in enumerate(self.images if self.plain else ()):
            for shown, answer in zip(self.batch, logits, strict=True):
                if k not in self.logits and torch.equal(shown, image):
                    self.logits[k] = answer

    def unmoved(self, target: int) -> bool:
        """Whether all pictures got the same logit, or the same difference of two, but for rounding."""
        logits = torch.cat(self.answers)
        rounding = torch.finfo(logits.dtype).eps * logits[:, self.model.contrast or (target,)].abs().max()
        lowest, highest = logits[:, target].aminmax()
        return bool(highest - lowest <= ROUNDING * rounding)

    def residual(self, model: Classifier, target: int, heat: Tensor) -> float:
        """By how much heat misses the logit of the first image less the mean logit of the others."""
        self.plain = True
        rest = [image for k, image in enumerate(self.images) if k not in self.logits]
        for first in range(0, len(rest), RESIDUAL_BATCH):
            model(torch.stack(rest[first : first + RESIDUAL_BATCH]))
        logit, *others = [float(self.logits[k][target]) for k in range(len(self.images))]
        residual: float = heat.sum(dtype=torch.float64).item() - logit + sum(others) / max(1, len(others))
        return residual
