"""The steps of an iterative attack as the player wants them: pictures in the frame of the model, on shared scales."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from core.classifier import Classifier
from core.progress import Report
from core.values import Comparison, Floats, content_id
from dashboard.services import pictures
from dashboard.services.aside import Kind
from dashboard.services.finished import Finished
from dashboard.services.jobs import Cancel, giving_way
from evaluation.steps import Moment, steps_of, way_of
from imaging.overlay import display_scale, has_evidence, magnified


@dataclass(frozen=True)
class Frame:
    """One picture on the way, at its place in course(): data URIs of the picture, its change and its map (None where it
    holds no evidence); the place where the map is strongest, in words."""

    index: int
    probability: float
    flagged: bool
    picture: str
    change: str
    heat: str | None
    place: str


@dataclass(frozen=True)
class Playback:
    """name stands for the content; low and high are the scale of all maps, in unit; beyond: whether some places exceed
    it and have the color of its end; grain: what the maps were enlarged from, in words, empty where they were not."""

    name: str
    frames: tuple[Frame, ...]
    magnification: int
    signed: bool
    low: float
    high: float
    beyond: bool
    unit: str
    grain: str


PLAYBACK: Kind[Playback] = Kind("playback")


def course(comparison: Comparison, scale: float) -> list[float]:
    """The probability of the finding at each picture of way_of(), from the clean one to the one returned.

    scale is what a logit is divided by before the sigmoid.
    """
    perturbation, target = comparison.perturbation, comparison.target
    between = {id(step.perturbed): float(expit(step.logits[target] / scale)) for step in perturbation.trajectory}
    first, last = (float(view.prediction.probabilities[target]) for view in (comparison.clean, comparison.perturbed))
    return [first, *(between[id(picture)] for picture in way_of(perturbation)[1:-1]), last]


def playback(finished: Finished, model: Classifier, report: Report, cancel: Cancel) -> Playback:
    """Explain the pictures on the way of the attack, at most some two dozen, and draw them."""
    request, comparison = finished.request, finished.comparison
    moments = steps_of(
        model,
        comparison.perturbation,
        target=request.target,
        explainer=request.explainer,
        explainer_params=request.explainer_params,
        seed=request.seed,
        region=comparison.clean.attribution.region,
        report=report,
        cancel=cancel,
    )
    attributions = [moment.attribution for moment in moments]
    signed, heats = attributions[0].signed, [attribution.heat for attribution in attributions]
    low, high = display_scale(heats, signed)
    clean = comparison.perturbation.clean
    largest = max((moment.perturbed for moment in moments), key=lambda seen: float(np.abs(seen - clean).max()))
    _, factor = magnified(clean, largest)
    with giving_way():
        frames = tuple(_frame(moment, clean, factor, low, high) for moment in moments)
    return Playback(
        name=content_id(np.stack([*heats, *(plane for moment in moments for plane in moment.perturbed)])),
        frames=frames,
        magnification=factor,
        signed=signed,
        low=low,
        high=high,
        beyond=max(float(np.abs(heat).max()) for heat in heats) > high,
        unit=attributions[0].unit,
        grain=pictures.grain(attributions[0].cells),
    )


def _frame(moment: Moment, clean: Floats, factor: int, low: float, high: float) -> Frame:
    shows = has_evidence(moment.attribution)
    change = 0.5 + factor * (moment.perturbed - clean)
    return Frame(
        index=moment.index,
        probability=moment.probability,
        flagged=moment.positive,
        picture=pictures.png(moment.perturbed.transpose(1, 2, 0)),
        change=pictures.png(change.clip(0, 1).transpose(1, 2, 0)),
        heat=pictures.heat_levels(moment.attribution.heat, low, high) if shows else None,
        place=pictures.strongest_place(moment.attribution.heat) if shows else "",
    )
