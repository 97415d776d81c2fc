"""assess(): asks a measure about a map, and about maps that know nothing: that is the floor."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from statistics import fmean

import torch
from torch import Tensor

from core.classifier import Classifier
from core.errors import InputError, Unsupported
from core.params import Params
from core.progress import Meter, Report
from core.values import Assessment, Attribution, Floats, Mask, Score
from explainers._cam import enlarged
from explainers._registry import EXPLAINERS
from explainers.metrics._ranks import is_constant
from explainers.metrics._registry import GOODNESS, MEASURES, Measure, Measured, Question

CENTER = 0.25  # standard deviation of the central blob, as a share of the side
FREE_DRAWS, FLOOR_DRAWS = 32, 4  # random maps that make the floor of a measure that costs no pass, and of others


def assess(
    key: str,
    model: Classifier,
    pixels: Floats,
    attribution: Attribution,
    params: Params | None = None,
    *,
    region: Mask | None = None,
    seed: int = 0,
    report: Report | None = None,
    cancel: threading.Event | None = None,
) -> Assessment:
    """How attribution, made by explain() with this model on pixels (C, h, w), does by a measure.

    region (h, w) bool is the marked finding in the model frame, for measures that need one. The score of a map that is
    the same everywhere is nan. The floor is made of maps of uniform random values, drawn anew whenever the map is made
    again, and of a Gaussian blob in the center. Maps that count by magnitude are asked about that, but where they are
    made again; with a map of evidence against, the score is expected to rise where it is hottest. Raises UnknownName,
    Unsupported, InputError, ParameterError, and Cancelled at the next pass once cancel is set.
    """
    measure, explainer = MEASURES[key], EXPLAINERS[attribution.method]
    params = measure.checked(params)
    if "region" in measure.needs and region is None:
        why = measure.unmet(model.offers) or ""
        raise Unsupported(measure.name, why, "Choose another measure, or a case with a marked finding.")
    measure.require(model.offers | {"region"})
    model.check(pixels[None], attribution.target)
    model.check_region(region)
    if attribution.heat.shape != pixels.shape[1:]:
        shapes = f"must be {pixels.shape[1:]}, not {attribution.heat.shape}"
        raise InputError("Map", shapes, "Assess it with the model and image that it was made for.")
    explaining = explainer.params(**attribution.params)
    shape = pixels.shape[0], pixels.shape[1], pixels.shape[2]
    asks_the_score = measure.passes(params, shape) > 0
    passes = passes_of(measure, params, shape, explainer.passes(explaining, shape))
    meter = Meter(passes, report, cancel)
    x, visible = torch.tensor(pixels)[None], torch.from_numpy(model.card.input.visible)
    if attribution.region is not None:
        visible = visible & torch.from_numpy(attribution.region)
    marked = None if region is None else torch.from_numpy(region) & visible
    rng = torch.Generator().manual_seed(seed)

    def contrasted(other: Classifier) -> Classifier:
        watched = other.watched(meter)
        return watched if attribution.against is None else watched.versus(attribution.target, attribution.against)

    def explained(other: Classifier, images: Tensor) -> Tensor:
        heats = explainer.maps(contrasted(other), images, attribution.target, explaining, attribution.seed)
        if explainer.coarse:
            heats = enlarged(heats[None], images)[0]
        return heats * visible

    def random(_other: Classifier, images: Tensor) -> Tensor:
        return torch.rand(len(images), *shape[1:], generator=rng) * visible

    def asked(heat: Tensor, again: Callable[[Classifier, Tensor], Tensor]) -> Measured:
        if is_constant(heat[visible].numpy()):
            return Measured(math.nan)
        if not measure.maps(params):
            heat = explainer.counted(heat)
        if asks_the_score and attribution.params.get("evidence") == "against":
            heat = -heat
        question = Question(contrasted(model), x, attribution.target, heat, visible, marked, again)
        with torch.no_grad():
            measured: Measured = measure.function(question, params, torch.Generator().manual_seed(seed))
        return measured

    def score(value: float, n: int | None = None) -> Score:
        return Score(value, measure.unit, measure.better, n=n)

    found = asked(torch.from_numpy(attribution.heat), explained)
    draws = [asked(random(model, x)[0], random) for _ in range(FLOOR_DRAWS if passes else FREE_DRAWS)]
    values = [draw.value for draw in draws]
    blob = central_blob(shape[1]) * visible
    center = asked(blob, lambda _other, images: blob.expand(len(images), -1, -1))
    if report is not None:
        report(1.0)
    return Assessment(
        measure=key,
        params=params.as_dict(),
        score=score(found.value),
        random=score(fmean(values), len(values)),
        random_best=max(values, key=GOODNESS[measure.better]),
        center=score(center.value),
        curve=found.curve,
        random_curve=draws[0].curve,
    )


def passes_of(measure: Measure, params: Params, shape: tuple[int, int, int], of_map: int) -> int:
    """How many images of shape (C, h, w) assess() sends through the model, where a map takes of_map."""
    return (2 + FLOOR_DRAWS) * measure.passes(params, shape) + measure.maps(params) * of_map


def central_blob(side: int) -> Tensor:
    """(side, side) a Gaussian in the center, 1 at its peak."""
    across = (torch.arange(side) + 0.5) / side - 0.5
    distance = across[:, None] ** 2 + across[None, :] ** 2
    return torch.exp(-distance / (2 * CENTER**2))
